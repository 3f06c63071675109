package kubeprovider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

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

// awsCommand is the command that a kubeconfig for EKS starts.
const awsCommand = "aws"

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
	if off := simprovider.Bare(config["enableServerSideApply"]); off.HasValue() && fmt.Sprint(off.V) == "false" {
		problems = append(problems, `kubernetes provider: setting "enableServerSideApply": the rehearsal knows no other way`)
	}
	if v, ok := config["kubeconfig"]; ok && v.ContainsUnknowns() {
		return problems
	}
	k, err := load(config)
	if err == nil && !strings.Contains(urn, eksComponent) && !slices.Contains(k.user.Exec.Args, "--region") {
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
	old, err := load(olds)
	now, err2 := load(news)
	if err != nil || err2 != nil || old.cluster.Server != now.cluster.Server {
		return []string{"kubeconfig"}
	}
	return nil
}

// Configure makes a provider for one cluster.
func (c *Cluster) Configure(config resource.PropertyMap) (simprovider.Provider, error) {
	if config["kubeconfig"].ContainsUnknowns() {
		return &provider{Cluster: c}, nil
	}
	k, err := load(config)
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	place := k.cluster.Server
	if id := simprovider.Bare(config["clusterIdentifier"]); id.IsString() && id.StringValue() != "" {
		place = id.StringValue()
	}
	client, err := c.connect(k)
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places[place] = client
	return &provider{Cluster: c, place: place, client: client}, nil
}

// connect returns the client of a kubeconfig. It calls nobody yet.
func (c *Cluster) connect(k kubeconfig) (dynamic.Interface, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.clients[k.hash]; ok {
		return client, nil
	}
	if c.options.AWS != "" {
		k.user.Exec.Command = c.options.AWS
	}
	config, err := clientcmd.NewDefaultClientConfig(*k.whole, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, errors.New("the kubeconfig is not complete")
	}
	config.QPS, config.WarningHandlerWithContext = -1, c // the engine decides how many calls run at once
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, errors.New("the kubeconfig makes no client")
	}
	c.clients[k.hash] = client
	return client, nil
}

// kubeconfig is one that was read, with the cluster and user of its current context.
type kubeconfig struct {
	whole   *clientcmdapi.Config
	cluster *clientcmdapi.Cluster
	user    *clientcmdapi.AuthInfo
	hash    string
}

// load parses and checks the kubeconfig. Its errors repeat nothing of it: it may be a secret.
func load(config resource.PropertyMap) (kubeconfig, error) {
	v := simprovider.Reveal(config["kubeconfig"])
	if !v.IsString() || v.StringValue() == "" {
		return kubeconfig{}, errors.New(
			`setting "kubeconfig" is required: the rehearsal does not read one from the environment`)
	}
	whole, err := clientcmd.Load([]byte(v.StringValue()))
	if err != nil {
		return kubeconfig{}, errors.New("the kubeconfig is neither JSON nor YAML")
	}
	context, ok := whole.Contexts[whole.CurrentContext]
	if !ok {
		return kubeconfig{}, errors.New("the kubeconfig has no context of the name in current-context")
	}
	sum := sha256.Sum256([]byte(v.StringValue()))
	k := kubeconfig{
		whole: whole, cluster: whole.Clusters[context.Cluster], user: whole.AuthInfos[context.AuthInfo],
		hash: hex.EncodeToString(sum[:]),
	}
	return k, errors.Join(clusterIsVerified(k.cluster), userIsSafe(k.user))
}

func clusterIsVerified(c *clientcmdapi.Cluster) error {
	switch {
	case c == nil:
		return errors.New("the kubeconfig has no cluster of the context's name")
	case !strings.HasPrefix(c.Server, "https://"):
		return errors.New("the kubeconfig's server must begin with https://")
	case len(c.CertificateAuthorityData) == 0:
		return errors.New("the kubeconfig has no certificate-authority-data in base64")
	case c.InsecureSkipTLSVerify:
		return errors.New("the kubeconfig skips the verification of the server")
	}
	return nil
}

// userIsSafe wants a token that is fetched for each call. A token or key inside the kubeconfig would be written into
// the state, and expire there.
func userIsSafe(u *clientcmdapi.AuthInfo) error {
	if u == nil {
		return errors.New("the kubeconfig has no user of the context's name")
	}
	data, err := json.Marshal(u) //nolint:gosec // for the names of the fields alone
	if err != nil {
		return errors.New("the kubeconfig's user is not JSON")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return errors.New("the kubeconfig's user is not JSON")
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if key != "exec" {
			return fmt.Errorf("the kubeconfig's user has %q; only exec is accepted, since it stores no credential", key)
		}
	}
	if u.Exec == nil || u.Exec.Command != awsCommand || !adjacent(u.Exec.Args, "eks", "get-token") ||
		!slices.Contains(u.Exec.Args, "--cluster-name") {
		return errors.New("the kubeconfig's exec must be aws eks get-token --cluster-name")
	}
	return nil
}

// adjacent says whether the words appear next to each other.
func adjacent(words []string, first, second string) bool {
	i := slices.Index(words, first)
	return i >= 0 && i+1 < len(words) && words[i+1] == second
}
