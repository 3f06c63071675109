package loadbalancer

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// releaseTimeout is how long Helm waits for the controller's pods, in seconds.
const releaseTimeout = 600

// What a controller pod asks for and may use: the numbers of the project's own manifest. There is no CPU limit.
const (
	requestCPU    = "100m"
	requestMemory = "200Mi"
	limitMemory   = "500Mi"
)

// values are the chart's values (helm/aws-load-balancer-controller/values.yaml of the controller).
func values(a *ControllerArgs, account pulumi.StringInput) pulumi.Map {
	all := pulumi.Map{
		"clusterName": a.ClusterName,
		// Without these two it asks the metadata service, which is one hop too far for a pod.
		"region": pulumi.String(a.Region),
		"vpcId":  a.VpcID,
		"serviceAccount": pulumi.Map{
			"create": pulumi.Bool(false), "name": account,
		},
		"replicaCount": pulumi.Int(a.Replicas),
		// This webhook is asked for each new Service, and refuses it while no controller answers.
		"enableServiceMutatorWebhook": pulumi.Bool(false),
		// By itself the chart makes a new certificate each time that it is rendered.
		"keepTLSSecret": pulumi.Bool(true),
		// Straight to pods: each node would otherwise be a hop, and a target.
		"defaultTargetType":   pulumi.String("ip"),
		"podDisruptionBudget": pulumi.Map{"maxUnavailable": pulumi.Int(1)},
		"resources": pulumi.Map{
			"requests": pulumi.StringMap{"cpu": pulumi.String(requestCPU), "memory": pulumi.String(requestMemory)},
			"limits":   pulumi.StringMap{"memory": pulumi.String(limitMemory)},
		},
		"topologySpreadConstraints": pulumi.Array{overZones()},
		// It would look for definitions that nobody installed here, and has failed to start over it (its issues 4684
		// and 4712).
		"controllerConfig": pulumi.Map{"featureGates": pulumi.BoolMap{
			"ALBGatewayAPI": pulumi.Bool(false), "NLBGatewayAPI": pulumi.Bool(false),
		}},
	}
	if len(a.Tags) > 0 {
		all["defaultTags"] = pulumi.ToStringMap(a.Tags)
	}
	return all
}

// overZones puts the pods on as many zones as there are; the chart itself keeps them on different nodes where it can.
// Each revision is counted by itself, so that the last one is never in the way of the next.
func overZones() pulumi.Map {
	return pulumi.Map{
		"maxSkew":           pulumi.Int(1),
		"topologyKey":       pulumi.String("topology.kubernetes.io/zone"),
		"whenUnsatisfiable": pulumi.String("DoNotSchedule"),
		"labelSelector": pulumi.Map{"matchLabels": pulumi.StringMap{
			"app.kubernetes.io/name": pulumi.String(controllerName),
		}},
		"matchLabelKeys":   pulumi.ToStringArray([]string{"pod-template-hash"}),
		"nodeTaintsPolicy": pulumi.String("Honor"),
	}
}
