package simkube

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// settings lists the provider settings that the rehearsal understands. Server-side apply is the default of the real
// provider; the others of the second line only concern its messages.
var settings = []string{
	"kubeconfig", "clusterIdentifier", "enableServerSideApply", "version",
	"suppressDeprecationWarnings", "suppressHelmHookWarnings",
}

// eksComponent is in the URN of the providers that pulumi-eks makes for itself.
const eksComponent = "eks:index:Cluster$"

// CheckConfig returns everything that is wrong with a provider's settings.
//
// The kubeconfigs that pulumi-eks makes for itself name no region; nothing uses them, so they may.
func (c *Cluster) CheckConfig(urn string, config resource.PropertyMap) []string {
	var problems []string
	for k := range config {
		if !slices.Contains(settings, string(k)) && !resource.IsInternalPropertyKey(k) {
			problems = append(problems, fmt.Sprintf("kubernetes provider: setting %q is not known to the rehearsal", k))
		}
	}
	slices.Sort(problems)
	if v, ok := config["kubeconfig"]; ok && v.ContainsUnknowns() {
		return problems
	}
	k, err := read(config)
	if err == nil {
		_, err = k.server()
	}
	if err == nil && !strings.Contains(urn, eksComponent) && !slices.Contains(k.command(), "--region") {
		err = errors.New("the kubeconfig's exec has no --region: it would depend on who runs it")
	}
	if err != nil {
		problems = append(problems, "kubernetes provider: "+err.Error())
	}
	return problems
}

// ReplacesConfig says when the objects of a provider go to another cluster. A cluster identifier that stays the same
// says that it is the same cluster, whatever the kubeconfig; without one a new server means a new cluster.
func (c *Cluster) ReplacesConfig(olds, news resource.PropertyMap) []string {
	before, after := olds["clusterIdentifier"], news["clusterIdentifier"]
	if before.IsString() && after.IsString() {
		if before.StringValue() != after.StringValue() {
			return []string{"clusterIdentifier"}
		}
		return nil
	}
	if news["kubeconfig"].ContainsUnknowns() {
		return []string{"kubeconfig"}
	}
	old, err := address(olds)
	if now, err2 := address(news); err != nil || err2 != nil || old != now {
		return []string{"kubeconfig"}
	}
	return nil
}

// Configure makes a provider for one cluster.
func (c *Cluster) Configure(config resource.PropertyMap) (simprovider.Provider, error) {
	if config["kubeconfig"].ContainsUnknowns() {
		return &provider{Cluster: c}, nil
	}
	server, err := address(config)
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	return &provider{Cluster: c, server: server}, nil
}

// address returns the address of the API server.
func address(config resource.PropertyMap) (string, error) {
	k, err := read(config)
	if err != nil {
		return "", err
	}
	return k.server()
}

// kubeconfig is the part of a kubeconfig that the rehearsal reads.
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Clusters       []struct {
		Name    string
		Cluster struct {
			Server   string
			CA       string `yaml:"certificate-authority-data"`
			Insecure bool   `yaml:"insecure-skip-tls-verify"`
		}
	}
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Users []struct {
		Name string
		User map[string]any
	}
}

// read parses the kubeconfig. Its errors repeat nothing of it: it may be a secret.
func read(config resource.PropertyMap) (kubeconfig, error) {
	var k kubeconfig
	v := simprovider.Reveal(config["kubeconfig"])
	if !v.IsString() || v.StringValue() == "" {
		return k, errors.New(`setting "kubeconfig" is required: the rehearsal does not read one from the environment`)
	}
	if err := yaml.Unmarshal([]byte(v.StringValue()), &k); err != nil {
		return k, errors.New("the kubeconfig is neither JSON nor YAML")
	}
	return k, nil
}

// server returns the address of the API server of the current context.
func (k kubeconfig) server() (string, error) {
	for _, context := range k.Contexts {
		if context.Name == k.CurrentContext {
			address, err := k.clusterServer(context.Context.Cluster)
			return address, errors.Join(err, k.userIsSafe(context.Context.User))
		}
	}
	return "", errors.New("the kubeconfig has no context of the name in current-context")
}

func (k kubeconfig) clusterServer(name string) (string, error) {
	for _, c := range k.Clusters {
		if c.Name != name {
			continue
		}
		_, err := base64.StdEncoding.DecodeString(c.Cluster.CA)
		switch {
		case !strings.HasPrefix(c.Cluster.Server, "https://"):
			return "", errors.New("the kubeconfig's server must begin with https://")
		case c.Cluster.CA == "" || err != nil:
			return "", errors.New("the kubeconfig has no certificate-authority-data in base64")
		case c.Cluster.Insecure:
			return "", errors.New("the kubeconfig skips the verification of the server")
		}
		return c.Cluster.Server, nil
	}
	return "", errors.New("the kubeconfig has no cluster of the context's name")
}

// userIsSafe wants a token that is fetched for each call. A token or key inside the kubeconfig would be written into
// the state, and expire there.
func (k kubeconfig) userIsSafe(name string) error {
	for _, u := range k.Users {
		if u.Name != name {
			continue
		}
		for key := range u.User {
			if key != "exec" {
				return fmt.Errorf("the kubeconfig's user has %q; only exec is accepted, since it stores no credential", key)
			}
		}
		words := command(u.User)
		if len(words) == 0 || words[0] != "aws" || !adjacent(words, "eks", "get-token") ||
			!slices.Contains(words, "--cluster-name") {
			return errors.New("the kubeconfig's exec must be aws eks get-token --cluster-name")
		}
		return nil
	}
	return errors.New("the kubeconfig has no user of the context's name")
}

// command returns the words of all users' commands.
func (k kubeconfig) command() []string {
	var words []string
	for _, u := range k.Users {
		words = append(words, command(u.User)...)
	}
	return words
}

func command(user map[string]any) []string {
	exec, ok := user["exec"].(map[string]any)
	if !ok {
		return nil
	}
	words := []string{fmt.Sprint(exec["command"])}
	list, _ := exec["args"].([]any)
	for _, w := range list {
		words = append(words, fmt.Sprint(w))
	}
	return words
}

// adjacent says whether the words appear next to each other.
func adjacent(words []string, first, second string) bool {
	i := slices.Index(words, first)
	return i >= 0 && i+1 < len(words) && words[i+1] == second
}
