//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/rehearsal/ekshost"
	"github.com/slipway-eks/slipway/rehearsal/internal/leak"
	"github.com/slipway-eks/slipway/rehearsal/internal/pulumicmd"
	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// Options say what to run.
type Options struct {
	// Dir is the run's own folder: its state, its account and its logs. A folder of an earlier run goes on from there.
	Dir string
	// Tools are the CLI and its companions.
	Tools toolchain.Set
	// EKS is the running pulumi-eks provider. Several runs may share one.
	EKS *ekshost.Host
	// Project is the project as in Pulumi.yaml. What says where it runs and keeps its state is replaced.
	Project workspace.Project
	// Stack is the stack's name.
	Stack string
	// Program is what runs.
	Program pulumi.RunFunc
	// Settings are the stack's configuration.
	Settings stackfile.Settings
	// Secrets are configuration keys that get a random value each, which a folder of an earlier run still has.
	Secrets []string
	// StackOutputs are the outputs of other stacks that the program refers to, by their full name:
	// organization/project/stack. Optional.
	StackOutputs map[string]map[string]any
	// Account is the AWS account.
	Account Account
	// Clusters say how its clusters run.
	Clusters Clusters
	// KubernetesPlugin is "real" for Pulumi's own Kubernetes plugin, from Pulumi's plugin cache or PATH, in the place of
	// the rehearsal's provider. Default: what the environment variable KubernetesPluginVariable says.
	KubernetesPlugin string
	// Log receives what the CLI says. Optional.
	Log io.Writer
}

// Run is a stack with all that it runs on.
type Run struct {
	dir   layout
	stack auto.Stack
	// plugin is the folder of Pulumi's own Kubernetes plugin, if that is used.
	plugin  string
	cloud   *Cloud
	log     io.Writer
	logs    []io.Closer
	secrets map[string]string
}

// Open starts the simulated providers and selects the stack, which is made if absent.
func Open(ctx context.Context, o Options) (*Run, error) {
	plugin, err := findPlugin(chosenPlugin(o))
	if err != nil {
		return nil, err
	}
	dir, err := newLayout(o.Dir)
	if err != nil {
		return nil, err
	}
	cloud, err := openCloud(dir, o.Tools, o.Account, o.Clusters)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, cloud: cloud, plugin: plugin}
	if err := r.open(ctx, o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Run) open(ctx context.Context, o Options) error {
	log, err := os.OpenFile(r.dir.log("pulumi.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening log: %w", err)
	}
	r.logs, r.log = append(r.logs, log), log
	if o.Log != nil {
		r.log = io.MultiWriter(log, o.Log)
	}
	resumed := r.dir.used()
	if err := o.Settings.Write(filepath.Join(r.dir.work(), "Pulumi."+o.Stack+".yaml"), o.Secrets); err != nil {
		return err
	}
	env := environment(r.dir, o.Tools.Pulumi, r.plugin, r.cloud.providers(o.EKS.Port()))
	command, err := pulumicmd.New(o.Tools.Pulumi, o.Tools.PulumiVersion, env)
	if err != nil {
		return err
	}
	if err := r.writeOthers(ctx, command, o.StackOutputs); err != nil {
		return err
	}
	project := o.Project
	adjust(&project, r.dir)
	r.stack, err = auto.UpsertStackInlineSource(ctx, o.Stack, string(project.Name), o.Program,
		auto.Pulumi(command), auto.Project(project), auto.WorkDir(r.dir.work()), auto.SecretsProvider("passphrase"))
	if err != nil {
		return fmt.Errorf("selecting stack %q: %w", o.Stack, err)
	}
	if err := r.unlock(ctx); err != nil {
		return err
	}
	return r.setSecrets(ctx, o.Secrets, resumed)
}

// adjust drops what ties a project to where it usually runs.
func adjust(p *workspace.Project, dir layout) {
	p.Runtime = workspace.NewProjectRuntimeInfo("go", nil)
	p.Main, p.StackConfigDir = "", ""
	p.Backend = &workspace.ProjectBackend{URL: dir.stateURL()}
}

// unlock removes the lock of a run that was killed. The caller owns the folder, so nobody else can hold it.
func (r *Run) unlock(ctx context.Context) error {
	locks, err := filepath.Glob(filepath.Join(r.dir.state(), ".pulumi", "locks", "*", "*", "*", "*.json"))
	if err != nil || len(locks) == 0 {
		return err
	}
	if err := r.stack.Cancel(ctx); err != nil {
		return fmt.Errorf("removing the lock of an interrupted run: %w", err)
	}
	return nil
}

// setSecrets gives every key a value, if it has none from an earlier run: other values would look like changes.
func (r *Run) setSecrets(ctx context.Context, keys []string, resumed bool) error {
	r.secrets = map[string]string{}
	have := auto.ConfigMap{}
	if resumed && len(keys) > 0 {
		var err error
		if have, err = r.stack.GetAllConfig(ctx); err != nil {
			return fmt.Errorf("reading the secrets of the earlier run: %w", err)
		}
	}
	missing := auto.ConfigMap{}
	for _, key := range keys {
		if old, ok := have[key]; ok && old.Secret {
			r.secrets[key] = old.Value
			continue
		}
		r.secrets[key] = leak.Marker()
		missing[key] = auto.ConfigValue{Value: r.secrets[key], Secret: true}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := r.stack.SetAllConfig(ctx, missing); err != nil {
		return fmt.Errorf("setting secrets: %w", err)
	}
	return nil
}

// Cloud is the simulated account and cluster.
func (r *Run) Cloud() *Cloud { return r.cloud }

// OwnKubernetesProvider says that the rehearsal's own provider serves Kubernetes objects. Where Pulumi's own plugin does,
// Cloud knows nothing of them: no objects, no checks, no calls, no warnings.
func (r *Run) OwnKubernetesProvider() bool { return r.plugin == "" }

// Secrets are the values of the secret configuration keys.
func (r *Run) Secrets() map[string]string { return r.secrets }

// Dir is the run's own folder.
func (r *Run) Dir() string { return string(r.dir) }

// Clusters say how the account's clusters run.
func (r *Run) Clusters() Clusters { return r.cloud.options }

// Shims is the folder of the stand-ins for commands that a kubeconfig calls.
func (r *Run) Shims() string { return r.dir.shims() }

// Close stops what Open started. The folder stays.
func (r *Run) Close() error {
	errs := []error{r.cloud.close()}
	for _, log := range r.logs {
		errs = append(errs, log.Close())
	}
	return errors.Join(errs...)
}
