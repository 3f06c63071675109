package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/build"
	"github.com/slipway-eks/slipway/delivery/internal/images"
	"github.com/slipway-eks/slipway/delivery/internal/pulumicli"
	"github.com/slipway-eks/slipway/delivery/internal/release"
	"github.com/slipway-eks/slipway/delivery/internal/version"
)

// imageVariable has the template of image references where no flag has it: the bootstrap stack's output `image`.
const imageVariable = "SLIPWAY_IMAGE"

// imageOutput is the bootstrap stack's output with the template.
const imageOutput = "image"

// registryOptions are those of the commands that ask the registry.
type registryOptions struct {
	reporter

	stack, aws, image, pulumi string
}

func (o *registryOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.stack, "stack", "", "the stack")
	o.registryFlags(cmd)
}

// registryFlags are those without the stack.
func (o *registryOptions) registryFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.aws, "aws", "aws", "the AWS CLI")
	cmd.Flags().StringVar(&o.image, "image", "", "template of image references, where the stack names none itself\n"+
		"(default: "+imageVariable+", or else what Pulumi says that the bootstrap stack has)")
	cmd.Flags().StringVar(&o.pulumi, "pulumi", "pulumi", "the Pulumi CLI")
}

// open opens a stack with its registry.
func (o *registryOptions) open(cmd *cobra.Command, name string) (*release.Stack, error) {
	root, _, err := projectOf(cmd)
	if err != nil {
		return nil, err
	}
	return release.Open(root, name, func(bootstrap string) (string, error) {
		if template := cmp.Or(o.image, o.variable(imageVariable)); template != "" {
			return template, nil
		}
		cli := pulumicli.CLI{Path: o.pulumi, Root: root, Out: io.Discard, Err: cmd.ErrOrStderr()}
		template, err := cli.Output(cmd.Context(), bootstrap, imageOutput)
		if err == nil && template == "" {
			err = errors.New("it is empty")
		}
		if err != nil {
			return "", fmt.Errorf("output %s of stack %s (or give --image): %w", imageOutput, bootstrap, err)
		}
		return template, nil
	})
}

// images are the images of the stack's release.
func (o *registryOptions) images(cmd *cobra.Command) ([]images.Image, error) {
	s, err := o.open(cmd, o.stack)
	if err != nil {
		return nil, err
	}
	running := s.Release()
	return images.Of(&s.Platform.Registry, s.Services(), running.VersionOf)
}

func (r reporter) keepCommand() *cobra.Command {
	o := &registryOptions{reporter: r}
	cmd := &cobra.Command{
		Use:   "keep --stack STACK",
		Short: "have the registry keep what a stack is about to run",
		Long: `Puts a tag running-<stack>-<tag> on each image of the stack's release, so that no lifecycle policy deletes it. An
image that the registry does not have is refused. Run it before pulumi up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.keep(cmd) },
	}
	o.flags(cmd)
	return mustHave(cmd, "stack")
}

// keep has the registry keep the images of the stack's release.
func (o *registryOptions) keep(cmd *cobra.Command) error {
	all, err := o.images(cmd)
	if err != nil {
		return err
	}
	done, err := images.Registry{CLI: o.aws}.Keep(cmd.Context(), o.stack, all)
	return errors.Join(err, printDone(cmd, done))
}

func (r reporter) unkeepCommand() *cobra.Command {
	o := &registryOptions{reporter: r}
	cmd := &cobra.Command{
		Use:   "unkeep --stack STACK",
		Short: "no longer keep what a stack ran before",
		Long: `Takes the stack's running tags off all images that its release does not name. Run it when pulumi up has succeeded:
until then the old pods may still have to be pulled. It refuses to start before keep has done its part. No image is
deleted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := o.images(cmd)
			if err != nil {
				return err
			}
			root, _, err := projectOf(cmd)
			if err != nil {
				return err
			}
			stacks, err := release.Names(root)
			if err != nil {
				return err
			}
			done, err := images.Registry{CLI: o.aws}.Unkeep(cmd.Context(), o.stack, stacks, all)
			return errors.Join(err, printDone(cmd, done))
		},
	}
	o.flags(cmd)
	return mustHave(cmd, "stack")
}

func printDone(cmd *cobra.Command, done []images.Done) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, d := range done {
		fmt.Fprintf(w, "%s\t%s\n", d.Tag, d.What)
	}
	return w.Flush()
}

func (r reporter) buildCommand() *cobra.Command {
	var text, list string
	o, b := &registryOptions{reporter: r}, build.Builder{}
	cmd := &cobra.Command{
		Use:   "build --version VERSION --services A,B",
		Short: "build and push the images that the registry does not have",
		Long: `Builds and pushes the image of each service, unless the registry has it: run again, it goes on where it stopped.
Docker must be logged in to the registry. What an image is built from says delivery.yaml. A stack need not be named
where all have the same registry.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := version.Parse(text)
			if err != nil {
				return err
			}
			services, err := names(list)
			if err != nil {
				return err
			}
			if b.Root, _, err = projectOf(cmd); err != nil {
				return err
			}
			b.Err, b.Registry = cmd.ErrOrStderr(), images.Registry{CLI: o.aws}
			return o.build(cmd, b, v, services)
		},
	}
	cmd.Flags().StringVar(&text, "version", "", "the version")
	cmd.Flags().StringVar(&list, "services", "", "the services: a,b or the JSON that deliver changed prints")
	cmd.Flags().BoolVar(&b.DryRun, "dry-run", false, "only say what would be run")
	cmd.Flags().StringVar(&b.Docker, "docker", "docker", "the Docker CLI")
	o.flags(cmd)
	return mustHave(cmd, "version", "services")
}

func (o *registryOptions) build(cmd *cobra.Command, b build.Builder, v version.Version, services []string) error {
	s, err := o.anyStack(cmd, b.Root)
	if err != nil {
		return err
	}
	if err := s.Known(services); err != nil {
		return err
	}
	contexts, err := build.Contexts(b.Root, s.Services())
	if err != nil {
		return err
	}
	all, err := images.Of(&s.Platform.Registry, services, func(string) string { return v.String() })
	if err != nil {
		return err
	}
	for _, image := range all {
		built, err := b.Build(cmd.Context(), image, contexts[image.Service])
		if err != nil {
			return err
		}
		what := "there already"
		switch {
		case built && b.DryRun:
			what = "not built: dry run"
		case built:
			what = "built and pushed"
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", image.Ref, what)
	}
	return nil
}

// anyStack opens the stack that is named, or else any: all must have the same registry then.
func (o *registryOptions) anyStack(cmd *cobra.Command, root string) (*release.Stack, error) {
	if o.stack != "" {
		return o.open(cmd, o.stack)
	}
	stacks, err := release.Names(root)
	if err != nil {
		return nil, err
	}
	var found *release.Stack
	for _, stack := range stacks {
		s, err := o.open(cmd, stack)
		if err != nil {
			return nil, err
		}
		if found != nil && found.Platform.Registry != s.Platform.Registry {
			return nil, fmt.Errorf("--stack: %s and %s have different registries; name one", found.Name, stack)
		}
		found = s
	}
	if found == nil {
		return nil, errors.New("there is no stack: no file Pulumi.<stack>.yaml in " + root)
	}
	return found, nil
}
