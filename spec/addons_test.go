package spec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// addons returns a description of all add-ons, changed by change, with its defaults.
func addons(change func(*spec.Addons)) *spec.Addons {
	a := &spec.Addons{ExternalDNS: &spec.ExternalDNS{HostedZones: []string{"Z0123456789ABC"}}, CertManager: true}
	if change != nil {
		change(a)
	}
	a.Default()
	return a
}

func TestAddons_defaults(t *testing.T) {
	t.Parallel()
	var a spec.Addons
	a.Default()
	assert.Empty(t, a.Validate(nil))
	assert.Equal(t, 30, a.Logs.RetentionDays)
	assert.Equal(t, []string{
		"amazon-cloudwatch-observability", "aws-ebs-csi-driver", "coredns", "metrics-server",
	}, a.Names())
}

func TestAddons_accepts(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*spec.Addons){
		"everything": nil,
		"no logs":    func(a *spec.Addons) { a.Logs.Off = true },
		"a version for each": func(a *spec.Addons) {
			a.Versions = map[string]string{}
			for _, name := range a.Names() {
				a.Versions[name] = "v4.0.0-eksbuild.1"
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, addons(change).Validate(nil))
		})
	}
}

func TestAddons_rejects(t *testing.T) {
	t.Parallel()
	pin := func(name, version string) func(*spec.Addons) {
		return func(a *spec.Addons) { a.Versions = map[string]string{name: version} }
	}
	zones := func(ids ...string) func(*spec.Addons) {
		return func(a *spec.Addons) { a.ExternalDNS.HostedZones = ids }
	}
	tests := map[string]struct {
		change func(*spec.Addons)
		want   string
	}{
		"an unknown add-on":           {pin("dns", "v1.12.4-eksbuild.1"), "addons.versions.dns: Unsupported value"},
		"an add-on of the cluster":    {pin("vpc-cni", "v1.20.4-eksbuild.1"), "addons.versions.vpc-cni: Unsupported value"},
		"no version":                  {pin("coredns", "latest"), "addons.versions.coredns: Invalid value"},
		"a version of something else": {pin("coredns", "v1.12.4"), "addons.versions.coredns: Invalid value"},
		"an old version": {
			pin("amazon-cloudwatch-observability", "v3.7.0-eksbuild.1"), "addons.versions.amazon-cloudwatch-observability: Invalid value",
		},
		"a version of what is off": {func(a *spec.Addons) {
			a.CertManager = false
			a.Versions = map[string]string{"cert-manager": "v1.18.2-eksbuild.1"}
		}, "addons.versions.cert-manager: Forbidden"},
		"retention that AWS has not":     {func(a *spec.Addons) { a.Logs.RetentionDays = 31 }, "addons.logs.retentionDays: Unsupported value"},
		"retention out of the range too": {func(a *spec.Addons) { a.Logs.RetentionDays = 4000 }, "addons.logs.retentionDays: Invalid value"},
		"no hosted zones":                {zones(), "addons.externalDns.hostedZones: Required value"},
		"a hosted zone by name":          {zones("example.com"), "addons.externalDns.hostedZones[0]: Invalid value"},
		"a hosted zone twice":            {zones("Z1A", "Z1A"), "addons.externalDns.hostedZones[1]: Duplicate value"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := []string{}
			found := false
			for _, err := range addons(tt.change).Validate(field.NewPath("addons")) {
				lines = append(lines, err.Error())
				found = found || strings.HasPrefix(err.Error(), tt.want)
			}
			assert.True(t, found, "want %s in\n%s", tt.want, strings.Join(lines, "\n"))
		})
	}
}
