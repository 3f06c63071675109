package microservice

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ServiceArgs) complete() (ServiceArgs, error) {
	if args == nil {
		args = &ServiceArgs{}
	}
	a := *args
	a.Service.Default()
	errs := a.Service.Validate(nil)
	errs = append(errs, spec.ValidateServiceName(field.NewPath("serviceName"), a.ServiceName)...)
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), ""))
	}
	errs = append(errs, spec.ValidateImage(field.NewPath("image"), a.Image)...)
	errs = append(errs, a.validateSecrets()...)
	errs = append(errs, a.validateUses()...)
	errs = append(errs, a.validateUsedBy()...)
	errs = append(errs, a.validateIngress()...)
	errs = append(errs, a.validatePlacement()...)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// validateSecrets does not repeat keys: one may be a secret that was pasted where its name belongs.
func (args *ServiceArgs) validateSecrets() field.ErrorList {
	var errs field.ErrorList
	for _, of := range []struct {
		name string
		keys map[string]string
	}{{"secretEnv", args.Service.SecretEnv}, {"secretFiles", args.Service.SecretFiles}} {
		for _, name := range sortedKeys(of.keys) {
			if args.Secrets[of.keys[name]] == nil {
				errs = append(errs, field.Required(field.NewPath("secrets"), "no value of the key that "+of.name+"."+name+" names"))
			}
		}
	}
	return errs
}

// validateUses checks what the service talks to, and that nothing was forgotten that it says it uses.
func (args *ServiceArgs) validateUses() field.ErrorList {
	var errs field.ErrorList
	known := map[string]bool{}
	for i, p := range args.Uses {
		at := field.NewPath("uses").Index(i)
		known[p.Name] = true
		errs = append(errs, spec.ValidateServiceName(at.Child("name"), p.Name)...)
		if p.Port < 1 || p.Port > 65535 {
			errs = append(errs, field.Invalid(at.Child("port"), p.Port, "must be from 1 to 65535"))
		}
		if p.ServicePort < 0 || p.ServicePort > 65535 {
			errs = append(errs, field.Invalid(at.Child("servicePort"), p.ServicePort, "must be from 1 to 65535"))
		}
	}
	for i, e := range args.Endpoints {
		at := field.NewPath("endpoints").Index(i)
		known[e.Name] = true
		endpoint := spec.Endpoint{CIDRs: e.CIDRs, Ports: e.Ports}
		errs = append(errs, endpoint.Validate(at)...)
		if len(e.CIDRs) == 0 {
			errs = append(errs, field.Required(at.Child("cidrs"), "no range is none, and not all"))
		}
	}
	for _, use := range args.Service.Uses {
		if !known[use] {
			errs = append(errs, field.Required(field.NewPath("uses"),
				use+" is what the service uses: give its port, or its ranges in endpoints"))
		}
	}
	return errs
}

func (args *ServiceArgs) validateUsedBy() field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("usedBy")
	for i, name := range args.UsedBy {
		errs = append(errs, spec.ValidateServiceName(at.Index(i), name)...)
	}
	if len(args.UsedBy) > 0 && args.Service.Kind() != spec.KindWeb {
		errs = append(errs, field.Forbidden(at, "the service has no port"))
	}
	return errs
}

func (args *ServiceArgs) validateIngress() field.ErrorList {
	if len(args.Service.Routes) == 0 {
		return nil
	}
	var errs field.ErrorList
	if args.IngressClassName == nil {
		errs = append(errs, field.Required(field.NewPath("ingressClassName"), "the service has routes"))
	}
	if args.IngressNamespace == nil {
		errs = append(errs, field.Required(field.NewPath("ingressNamespace"), "the service has routes"))
	}
	return errs
}

func (args *ServiceArgs) validatePlacement() field.ErrorList {
	var errs field.ErrorList
	if group := args.Service.Placement.Group; group != "" && len(args.NodeLabels) == 0 {
		errs = append(errs, field.Required(field.NewPath("nodeLabels"), "the service is for the node group "+group))
	}
	for _, key := range sortedKeys(args.Tolerations) {
		switch t := args.Tolerations[key]; t.Effect {
		case "NoSchedule", "PreferNoSchedule", "NoExecute":
		default:
			errs = append(errs, field.NotSupported(field.NewPath("tolerations", key, "effect"), t.Effect,
				[]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}))
		}
	}
	return errs
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ServiceArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"serviceName": pulumi.String(args.ServiceName),
		"kind":        pulumi.String(args.Service.Kind()),
		"image":       pulumi.String(args.Image),
		"port":        pulumi.Int(args.Service.Port),
	}
}

// warn says which rules the service is excepted from, and why.
func (args *ServiceArgs) warn(ctx *pulumi.Context, s *Service) error {
	for _, e := range []struct{ what, reason string }{
		{"has a root file system that can be written to", args.Service.Exceptions.WritableRoot},
		{"has a token for the Kubernetes API", args.Service.Exceptions.KubernetesToken},
		{"gets traffic before it is known to answer", args.Service.Health.None},
	} {
		if e.reason == "" {
			continue
		}
		message := fmt.Sprintf("%s %s: %s", args.ServiceName, e.what, e.reason)
		if err := ctx.Log.Warn(message, &pulumi.LogArgs{Resource: s}); err != nil {
			return err
		}
	}
	return nil
}

// sortedKeys gives what is registered a fixed order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
