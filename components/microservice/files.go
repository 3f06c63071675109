package microservice

import (
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// filesVolume is the one volume that has all files of a pod.
const filesVolume = "files"

// fileMode lets the pod's user read, by its group, and nobody else: 0440.
const fileMode = 0o440

// newSecrets registers the secret environment variables and files, each under a generated name: a changed value makes a
// new Secret, and the pods that name it roll out, and no others. They are immutable so that nothing else changes them
// under running pods.
func (b *builder) newSecrets() error {
	var err error
	if b.secretEnv, err = b.newSecret("env", b.args.Service.SecretEnv, func(name string) string { return name }); err != nil {
		return err
	}
	b.secretFiles, err = b.newSecret("secret-files", b.args.Service.SecretFiles, fileKey)
	return err
}

// newSecret registers a Secret of values by configuration key; nil if there are none.
func (b *builder) newSecret(role string, keys map[string]string, entry func(string) string) (*corev1.Secret, error) {
	if len(keys) == 0 {
		return nil, nil //nolint:nilnil // no Secret is what was asked for
	}
	values := pulumi.StringMap{}
	for name, key := range keys {
		values[entry(name)] = b.args.Secrets[key]
	}
	secret, err := corev1.NewSecret(b.ctx, b.name+"-"+role, &corev1.SecretArgs{
		Metadata:   b.generated(),
		StringData: pulumi.ToSecret(values).(pulumi.StringMapOutput),
		Immutable:  pulumi.Bool(true),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating secret %s: %w", role, err)
	}
	return secret, nil
}

// newFiles registers the files that are no secrets.
func (b *builder) newFiles() error {
	files := b.args.Service.Files
	if len(files) == 0 {
		return nil
	}
	data := pulumi.StringMap{}
	for file, text := range files {
		data[fileKey(file)] = pulumi.String(text)
	}
	var err error
	b.files, err = corev1.NewConfigMap(b.ctx, b.name+"-files", &corev1.ConfigMapArgs{
		Metadata: b.generated(), Data: data, Immutable: pulumi.Bool(true),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating files: %w", err)
	}
	return nil
}

// fileKey is the key of a file in a ConfigMap or Secret, where a path cannot be one: `_.` for a slash, and `__` for an
// underscore so that no two files have one key.
func fileKey(file string) string {
	return strings.NewReplacer("_", "__", "/", "_.").Replace(strings.TrimPrefix(file, "/"))
}

func (b *builder) volumes() corev1.VolumeArray {
	volumes := corev1.VolumeArray{corev1.VolumeArgs{Name: pulumi.String(tmp), EmptyDir: corev1.EmptyDirVolumeSourceArgs{}}}
	sources := corev1.VolumeProjectionArray{}
	if b.files != nil {
		sources = append(sources, corev1.VolumeProjectionArgs{
			ConfigMap: corev1.ConfigMapProjectionArgs{Name: b.files.Metadata.Name()},
		})
	}
	if b.secretFiles != nil {
		sources = append(sources, corev1.VolumeProjectionArgs{
			Secret: corev1.SecretProjectionArgs{Name: b.secretFiles.Metadata.Name()},
		})
	}
	if len(sources) == 0 {
		return volumes
	}
	return append(volumes, corev1.VolumeArgs{
		Name:      pulumi.String(filesVolume),
		Projected: corev1.ProjectedVolumeSourceArgs{Sources: sources, DefaultMode: pulumi.Int(fileMode)},
	})
}

// mounts puts each file at its own path, so that it hides nothing that the image has beside it. A file that is mounted
// so does not follow changes, and need not: a change is a new ConfigMap or Secret, and new pods.
func (b *builder) mounts() corev1.VolumeMountArray {
	mounts := corev1.VolumeMountArray{
		corev1.VolumeMountArgs{Name: pulumi.String(tmp), MountPath: pulumi.String("/tmp")},
	}
	for _, files := range []map[string]string{b.args.Service.Files, b.args.Service.SecretFiles} {
		for _, file := range sortedKeys(files) {
			mounts = append(mounts, corev1.VolumeMountArgs{
				Name: pulumi.String(filesVolume), MountPath: pulumi.String(file),
				SubPath: pulumi.String(fileKey(file)), ReadOnly: pulumi.Bool(true),
			})
		}
	}
	return mounts
}
