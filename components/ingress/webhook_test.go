package ingress_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

const webhook = "webhooks[0]"

func TestNewController_webhook(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	w := got.Only(t, webhookType)
	assert.Equal(t, "Fail", w.Value(t, webhook+".failurePolicy"))
	assert.LessOrEqual(t, w.Value(t, webhook+".timeoutSeconds"), 10.0)
	assert.Equal(t, "None", w.Value(t, webhook+".sideEffects"))
	assert.Equal(t, map[string]any{
		"name": "ingress-nginx-controller-admission", "namespace": "ingress-nginx", "path": "/networking/v1/ingresses",
	}, w.Value(t, webhook+".clientConfig.service"))
	assert.Equal(t, []any{map[string]any{
		"apiGroups": []any{"networking.k8s.io"}, "apiVersions": []any{"v1"},
		"operations": []any{"CREATE", "UPDATE"}, "resources": []any{"ingresses"},
	}}, w.Value(t, webhook+".rules"))
	assert.Equal(t, map[string]any{"port": 443.0, "name": "https-webhook", "targetPort": "webhook"},
		got.Named(t, serviceType, "shop-admission").Value(t, "spec.ports[0]"))
	assert.Contains(t, w.DependsOn, got.Only(t, deploymentType).URN)
	assert.Equal(t, "ingress-nginx-admission-1", got.Only(t, deploymentType).Value(t, pod+".volumes[0].secret.secretName"))
}

func TestNewController_certificate(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ingress.ControllerArgs) { a.NamespaceName = "edge" })))
	secret := got.Only(t, secretType)
	assert.Equal(t, []string{"data"}, secret.IgnoreChanges, "another one is made at each run")
	assert.True(t, secret.IsSecret(t, `data["tls.key"]`))
	authority, serving, key := pemOf(t, secret, "ca.crt"), pemOf(t, secret, "tls.crt"), pemOf(t, secret, "tls.key")

	_, err := tls.X509KeyPair(serving, key)
	require.NoError(t, err)
	assert.NoError(t, verify(t, authority, serving, "ingress-nginx-controller-admission.edge.svc", time.Now()))
	w := got.Only(t, webhookType)
	assert.Equal(t, secret.Value(t, `data["ca.crt"]`), w.Value(t, webhook+".clientConfig.caBundle"))
	assert.False(t, w.IsSecret(t, webhook+".clientConfig.caBundle"), "a preview shows it")
}

func TestNewCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	authority, serving, _, err := ingress.NewCertificate([]string{"hook.edge.svc"}, now)
	require.NoError(t, err)

	leaf := parse(t, serving)
	assert.Equal(t, []string{"hook.edge.svc"}, leaf.DNSNames)
	assert.False(t, leaf.IsCA)
	assert.Equal(t, x509.ECDSA, leaf.PublicKeyAlgorithm)
	assert.True(t, parse(t, authority).IsCA)
	assert.NoError(t, verify(t, authority, serving, "hook.edge.svc", now.AddDate(10, 0, -1)), "for ten years")
	assert.NoError(t, verify(t, authority, serving, "hook.edge.svc", now.Add(-time.Minute)), "also by a clock that is behind")
	require.Error(t, verify(t, authority, serving, "hook.edge.svc", now.AddDate(10, 0, 1)))
	require.Error(t, verify(t, authority, serving, "other.edge.svc", now))

	other, _, _, err := ingress.NewCertificate([]string{"hook.edge.svc"}, now)
	require.NoError(t, err)
	assert.NotEqual(t, authority, other)
	assert.Error(t, verify(t, other, serving, "hook.edge.svc", now))
}

// A new generation is another resource: what an existing one has is ignored, also where it is replaced.
func TestNewController_certificateGeneration(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(with(func(i *spec.Ingress) { i.CertificateGeneration = 2 })))
	secret := got.Only(t, secretType)
	assert.Equal(t, "shop-admission-2", secret.Name)
	assert.Equal(t, "ingress-nginx-admission-2", secret.Value(t, "metadata.name"))
}

// deployed is an engine in which the Secret and the load balancer exist already.
type deployed struct {
	mu       sync.Mutex
	caBundle resource.PropertyValue
}

func (d *deployed) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	state := args.Inputs.Copy()
	switch {
	case args.TypeToken == secretType:
		state["data"] = resource.NewProperty(resource.PropertyMap{"ca.crt": resource.NewProperty("as deployed")})
	case args.TypeToken == serviceType && args.Name == "shop":
		at := resource.NewProperty(resource.PropertyMap{"hostname": resource.NewProperty("shop.elb.amazonaws.com")})
		state["status"] = resource.NewProperty(resource.PropertyMap{"loadBalancer": resource.NewProperty(resource.PropertyMap{
			"ingress": resource.NewProperty([]resource.PropertyValue{at}),
		})})
	case args.TypeToken == webhookType:
		d.mu.Lock()
		defer d.mu.Unlock()
		hooks := args.Inputs["webhooks"].ArrayValue()
		d.caBundle = hooks[0].ObjectValue()["clientConfig"].ObjectValue()["caBundle"]
	}
	return args.Name + "-id", state, nil
}

func (d *deployed) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

// The program makes a new certificate at each run. The API server must trust the one that was deployed.
func TestNewController_trustsWhatWasDeployed(t *testing.T) {
	t.Parallel()
	d := &deployed{}
	hostnames := make(chan string, 1)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		c, err := ingress.NewController(ctx, "shop", args(nil))
		if err != nil {
			return err
		}
		c.Hostname.ApplyT(func(name string) string { hostnames <- name; return name })
		return nil
	}, pulumi.WithMocks(ptest.Project, "test", d)))
	assert.Equal(t, "as deployed", d.caBundle.StringValue())
	assert.Equal(t, "shop.elb.amazonaws.com", <-hostnames)
}

func pemOf(t *testing.T, secret ptest.Resource, key string) []byte {
	t.Helper()
	text, _ := secret.Value(t, `data["`+key+`"]`).(string)
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return data
}

func parse(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(data)
	require.NotNil(t, block)
	require.Empty(t, rest)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return c
}

func verify(t *testing.T, authority, serving []byte, host string, at time.Time) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, authority))
	_, err := parse(t, serving).Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: at})
	return err
}
