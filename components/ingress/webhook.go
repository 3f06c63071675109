package ingress

import (
	"encoding/base64"
	"fmt"
	"time"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the admission webhook: upstream's.
const (
	admissionName    = "ingress-nginx-admission"
	admissionService = controllerName + "-admission"
	admissionWebhook = "validate.nginx.ingress.kubernetes.io"
	admissionPath    = "/networking/v1/ingresses"
)

// webhookTimeout is how long the API server waits for an answer, in seconds: long enough to test a configuration with
// many hosts, and within the ten that EKS recommends.
const webhookTimeout = 10

// Where the certificate is: in the Secret, and in the pods.
const (
	authorityKey      = "ca.crt"
	certificateKey    = "tls.crt"
	privateKey        = "tls.key"
	certificateVolume = "webhook-certificate"
	certificateFolder = "/usr/local/certificates"
)

// newCertificate registers the webhook's certificate. Go makes another one at each run, and all but the first are
// ignored: what was deployed once stays. The generation is part of the resource's name, as the engine carries ignored
// properties over to a replacement too: only a resource of another name gets new ones.
func (b *builder) newCertificate() error {
	host := admissionService + "." + b.args.NamespaceName
	c, err := newCertificate([]string{host + ".svc", host, admissionService}, time.Now())
	if err != nil {
		return fmt.Errorf("making the webhook's certificate: %w", err)
	}
	generation := fmt.Sprintf("-%d", b.args.Ingress.CertificateGeneration)
	b.secret, err = corev1.NewSecret(b.ctx, b.name+"-admission"+generation, &corev1.SecretArgs{
		Metadata: b.metadata(admissionName + generation),
		Type:     pulumi.String("kubernetes.io/tls"),
		Data: pulumi.StringMap{
			authorityKey:   base64Of(c.authority),
			certificateKey: base64Of(c.serving),
			privateKey:     pulumi.ToSecret(base64Of(c.key)).(pulumi.StringOutput),
		},
	}, b.parent, pulumi.IgnoreChanges([]string{"data"}))
	if err != nil {
		return fmt.Errorf("creating the webhook's certificate: %w", err)
	}
	return nil
}

func base64Of(data []byte) pulumi.String {
	return pulumi.String(base64.StdEncoding.EncodeToString(data))
}

// newWebhook registers the check of Ingress objects: one that nginx could not load is refused when it is written, in
// place of being left out, or of stopping every later change.
func (b *builder) newWebhook() error {
	service, err := corev1.NewService(b.ctx, b.name+"-admission", &corev1.ServiceArgs{
		Metadata: b.metadata(admissionService),
		Spec: corev1.ServiceSpecArgs{
			Selector: pulumi.StringMap{nameLabel: pulumi.String(controllerName)},
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String("https-webhook"), Port: pulumi.Int(httpsPort), TargetPort: pulumi.String(webhookName),
			}},
		},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating admission service: %w", err)
	}
	b.webhook, err = admissionv1.NewValidatingWebhookConfiguration(b.ctx, b.name, &admissionv1.ValidatingWebhookConfigurationArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(admissionName), Labels: labels()},
		Webhooks: admissionv1.ValidatingWebhookArray{b.validation(service)},
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{b.deployment})) // before it, every Ingress object would be refused
	if err != nil {
		return fmt.Errorf("creating webhook: %w", err)
	}
	return nil
}

func (b *builder) validation(service *corev1.Service) admissionv1.ValidatingWebhookArgs {
	// The Secret's output and not what Go has just made: that one was ignored. It is an authority's certificate and
	// no secret, though it comes from one.
	authority := b.secret.Data.MapIndex(pulumi.String(authorityKey))
	return admissionv1.ValidatingWebhookArgs{
		Name:                    pulumi.String(admissionWebhook),
		AdmissionReviewVersions: pulumi.ToStringArray([]string{"v1"}),
		ClientConfig: admissionv1.WebhookClientConfigArgs{
			CaBundle: pulumi.Unsecret(authority).(pulumi.StringOutput),
			Service: admissionv1.ServiceReferenceArgs{
				Name: service.Metadata.Name().Elem(), Namespace: b.namespace, Path: pulumi.String(admissionPath),
			},
		},
		FailurePolicy:  pulumi.String("Fail"),
		MatchPolicy:    pulumi.String("Equivalent"),
		SideEffects:    pulumi.String("None"),
		TimeoutSeconds: pulumi.Int(webhookTimeout),
		// What the cluster itself runs must never wait for the controller.
		NamespaceSelector: metav1.LabelSelectorArgs{
			MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
				Key: pulumi.String("kubernetes.io/metadata.name"), Operator: pulumi.String("NotIn"),
				Values: pulumi.ToStringArray([]string{"kube-system"}),
			}},
		},
		Rules: admissionv1.RuleWithOperationsArray{admissionv1.RuleWithOperationsArgs{
			ApiGroups:   pulumi.ToStringArray([]string{networkingGroup}),
			ApiVersions: pulumi.ToStringArray([]string{"v1"}),
			Operations:  pulumi.ToStringArray([]string{"CREATE", "UPDATE"}),
			Resources:   pulumi.ToStringArray([]string{"ingresses"}),
		}},
	}
}
