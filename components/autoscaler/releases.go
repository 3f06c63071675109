package autoscaler

import (
	"maps"
	"slices"
)

// repository is where the project publishes its images.
const repository = "registry.k8s.io/autoscaling/cluster-autoscaler:v"

// releases are the Cluster Autoscaler's latest known ones, by the Kubernetes version whose scheduler they simulate.
// Source, as of 2026-11-20: kOps' table of tested images (pkg/model/components/clusterautoscaler.go); for 1.36, which
// it does not have, a copy of the project's release notes elsewhere.
var releases = map[string]string{
	"1.31": "1.31.4",
	"1.32": "1.32.7",
	"1.33": "1.33.5",
	"1.34": "1.34.4",
	"1.35": "1.35.1",
	"1.36": "1.36.1",
}

// versions are the Kubernetes versions that have a release.
func versions() []string { return slices.Sorted(maps.Keys(releases)) }
