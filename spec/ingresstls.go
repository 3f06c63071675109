package spec

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// IngressTLS is one way of giving every host a certificate, or the reason why there is none.
type IngressTLS struct {
	// ACM ends TLS at the load balancer, with certificates of AWS Certificate Manager, which renews them.
	ACM *ACM `json:"acm,omitempty"`
	// CertManager ends TLS at nginx, with a certificate for each host that cert-manager gets and renews. cert-manager
	// and the issuer are not made here.
	CertManager *CertManager `json:"certManager,omitempty"`
	// None leaves TLS out, for the reason that is given: the load balancer then listens on port 80 alone.
	None string `json:"none,omitempty"`
}

// ACM are certificates at the load balancer. Between it and nginx, inside the VPC, requests are in clear.
type ACM struct {
	// CertificateARNs are certificates in the cluster's region. The first is the default one; for the others clients
	// must send the host's name, as all do.
	CertificateARNs []string `json:"certificateArns" jsonschema:"uniqueItems=true,minItems=1"`
	// Policy names the protocols and ciphers, TLS 1.2 at least. Default: ELBSecurityPolicy-TLS13-1-2-2021-06; without
	// a policy AWS would take one of 2016 that allows TLS 1.0.
	Policy string `json:"policy,omitempty" jsonschema:"default=ELBSecurityPolicy-TLS13-1-2-2021-06"`
}

// CertManager is an issuer of cert-manager.
type CertManager struct {
	// Issuer is the issuer's name.
	Issuer string `json:"issuer"`
	// Kind is the issuer's kind: ClusterIssuer, or Issuer for one in the namespace of the service. Default:
	// ClusterIssuer.
	Kind string `json:"kind,omitempty" jsonschema:"enum=ClusterIssuer,enum=Issuer,default=ClusterIssuer"`
}

// Annotations are what an Ingress object says to get its certificates; nil where TLS does not end at nginx.
func (t *IngressTLS) Annotations() map[string]string {
	switch {
	case t.CertManager == nil:
		return nil
	case t.CertManager.Kind == "Issuer":
		return map[string]string{"cert-manager.io/issuer": t.CertManager.Issuer}
	default:
		return map[string]string{"cert-manager.io/cluster-issuer": t.CertManager.Issuer}
	}
}

// SecretName names the Secret that holds a host's certificate; "" where TLS does not end at nginx.
func (t *IngressTLS) SecretName(host string) string {
	if t.CertManager == nil {
		return ""
	}
	return strings.Replace(host, "*", "wildcard", 1) + "-tls"
}

// validate leaves it to the tag of the field that holds t to ask for one way.
func (t *IngressTLS) validate(path *field.Path) field.ErrorList {
	ways := 0
	for _, chosen := range []bool{t.ACM != nil, t.CertManager != nil, t.None != ""} {
		if chosen {
			ways++
		}
	}
	if ways > 1 {
		return field.ErrorList{field.Forbidden(path, "give one of acm, certManager and none")}
	}
	if t.CertManager != nil && t.CertManager.Issuer != "" {
		return validateLabel(path.Child("certManager", "issuer"), t.CertManager.Issuer)
	}
	return t.ACM.validate(path.Child("acm"))
}

// acmARN is the form of a certificate's ARN (ACM user guide).
var acmARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-zA-Z-]+$`)

// modernPolicy matches the security policies that allow nothing below TLS 1.2 (NLB user guide, security policies).
var modernPolicy = regexp.MustCompile(`^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-[A-Za-z0-9-]+$`)

func (a *ACM) validate(path *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	for n, arn := range a.CertificateARNs {
		if !acmARN.MatchString(arn) {
			errs = append(errs, field.Invalid(path.Child("certificateArns").Index(n), arn,
				"must be the ARN of a certificate, arn:aws:acm:eu-west-1:123456789012:certificate/..."))
		}
	}
	if !modernPolicy.MatchString(a.Policy) {
		errs = append(errs, field.Invalid(path.Child("policy"), a.Policy, "must be a policy that allows nothing below TLS 1.2"))
	}
	return errs
}
