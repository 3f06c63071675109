package spec

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Resources are Kubernetes quantities: CPU in cores or millicores (500m), memory in bytes (512Mi).
type Resources struct {
	// CPU is requested for each pod: what the scheduler reserves, and what the scaling target is a part of.
	CPU string `json:"cpu" jsonschema:"example=500m"`
	// Memory is requested for each pod.
	Memory string `json:"memory" jsonschema:"example=512Mi"`
	// MemoryLimit is where a pod is killed. It is required: a pod without one can take its node's memory.
	MemoryLimit string `json:"memoryLimit" jsonschema:"example=1Gi"`
	// CPULimit throttles a pod. Default: none, so that a starting pod may use what is idle.
	CPULimit string `json:"cpuLimit,omitempty"`
}

// jvmFloor is the least memory limit of a Spring Boot service: the JVM's own memory (metaspace, code cache, thread
// stacks) comes to about 200 MiB before the heap, which by default is a quarter of the limit.
var jvmFloor = resource.MustParse("384Mi")

// Validate reports every problem of r.
func (r *Resources) Validate(path *field.Path) field.ErrorList {
	return append(fieldtags.Check(path, r), r.validate(path, false)...)
}

func (r *Resources) validate(path *field.Path, jvm bool) field.ErrorList {
	var errs field.ErrorList
	get := func(name, text string) resource.Quantity {
		if text == "" {
			return resource.Quantity{} // reported as required, or optional
		}
		q, problems := quantity(path.Child(name), text)
		errs = append(errs, problems...)
		return q
	}
	cpu, cpuLimit := get("cpu", r.CPU), get("cpuLimit", r.CPULimit)
	memory, memoryLimit := get("memory", r.Memory), get("memoryLimit", r.MemoryLimit)
	if len(errs) > 0 {
		return errs
	}
	if !cpuLimit.IsZero() && cpuLimit.Cmp(cpu) < 0 {
		errs = append(errs, field.Invalid(path.Child("cpuLimit"), r.CPULimit, "is below the request, "+r.CPU))
	}
	if !memoryLimit.IsZero() && memoryLimit.Cmp(memory) < 0 {
		errs = append(errs, field.Invalid(path.Child("memoryLimit"), r.MemoryLimit, "is below the request, "+r.Memory))
	}
	if jvm && !memoryLimit.IsZero() && memoryLimit.Cmp(jvmFloor) < 0 {
		errs = append(errs, field.Invalid(path.Child("memoryLimit"), r.MemoryLimit,
			fmt.Sprintf("a Spring Boot service needs at least %s", jvmFloor.String())))
	}
	return errs
}
