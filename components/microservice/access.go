package microservice

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// roleAnnotation names the IAM role of a ServiceAccount. EKS then projects a token for STS into its pods, besides and
// independent of the one for the Kubernetes API (EKS user guide, IAM roles for service accounts).
const roleAnnotation = "eks.amazonaws.com/role-arn"

func (b *builder) newServiceAccount() error {
	metadata := b.metadata()
	if b.args.RoleARN != nil {
		metadata.Annotations = pulumi.StringMap{roleAnnotation: b.args.RoleARN.ToStringPtrOutput().Elem()}
	}
	var err error
	b.account, err = corev1.NewServiceAccount(b.ctx, b.name, &corev1.ServiceAccountArgs{
		Metadata: metadata,
		// A service that does not talk to the Kubernetes API needs no token for it.
		AutomountServiceAccountToken: pulumi.Bool(b.args.kubernetesToken()),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service account: %w", err)
	}
	return nil
}

// kubernetesToken says that pods have a token for the Kubernetes API.
func (args *ServiceArgs) kubernetesToken() bool { return args.Service.Exceptions.KubernetesToken != "" }

func (b *builder) newService() error {
	var err error
	b.service, err = corev1.NewService(b.ctx, b.name, &corev1.ServiceArgs{
		Metadata: b.metadata(),
		Spec: corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.StringMap{nameLabel: pulumi.String(b.args.ServiceName)},
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(b.args.Service.TargetPort()), TargetPort: pulumi.String(portName),
			}},
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating service: %w", err)
	}
	return nil
}

// newDisruptionBudget lets one pod at a time be taken away. It counts what may go and not what must stay, so that it
// can never block a drain; pods that do not answer may always go.
func (b *builder) newDisruptionBudget() error {
	if _, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.metadata(),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating disruption budget: %w", err)
	}
	return nil
}
