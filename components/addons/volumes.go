package addons

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

// The service account of the volume driver's controller, and the AWS managed policy that it needs (EKS user guide,
// Amazon EBS CSI driver).
const (
	volumesNamespace = "kube-system"
	volumesAccount   = "ebs-csi-controller-sa"
	volumesPolicy    = "service-role/AmazonEBSCSIDriverPolicy"
)

// The default storage class. EKS' own, gp2, is not the default since 1.30, and is not encrypted.
const (
	className        = "gp3"
	classProvisioner = "ebs.csi.aws.com"
	defaultClassMark = "storageclass.kubernetes.io/is-default-class"
)

// volumeSettings are the driver's settings, by the names of its configuration schema.
type volumeSettings struct {
	Controller volumeController `json:"controller"`
}

type volumeController struct {
	ExtraVolumeTags map[string]string `json:"extraVolumeTags"`
}

// newVolumes registers the driver that makes volumes, and the class that a claim has which names none.
func (b *builder) newVolumes() error {
	role, err := b.newRole(volumesRole, identity.ServiceAccountRoleArgs{
		Description:       "Lets the EBS driver of an EKS cluster make and attach volumes",
		Namespace:         volumesNamespace,
		ServiceAccount:    volumesAccount,
		ManagedPolicyARNs: []string{identity.ManagedPolicyARN(b.args.Partition, volumesPolicy)},
	})
	if err != nil {
		return fmt.Errorf("creating role of the volume driver: %w", err)
	}
	driver := addon{name: spec.AddonEBSCSIDriver, role: role}
	if len(b.args.Tags) > 0 {
		driver.settings = pulumi.JSONMarshal(volumeSettings{Controller: volumeController{ExtraVolumeTags: b.args.Tags}})
	}
	r, err := b.newAddon(driver)
	if err != nil {
		return err
	}
	class, err := b.newStorageClass()
	if err != nil {
		return err
	}
	b.storageClass = gate.String(class.Metadata.Name().Elem(), r)
	return nil
}

func (b *builder) newStorageClass() (*storagev1.StorageClass, error) {
	class, err := storagev1.NewStorageClass(b.ctx, b.name+"-"+className, &storagev1.StorageClassArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(className),
			Annotations: pulumi.StringMap{defaultClassMark: pulumi.String("true")},
		},
		Provisioner: pulumi.String(classProvisioner),
		Parameters: pulumi.StringMap{
			"type":      pulumi.String("gp3"),
			"encrypted": pulumi.String("true"),
		},
		AllowVolumeExpansion: pulumi.Bool(true),
		ReclaimPolicy:        pulumi.String("Delete"),
		// A volume is in one zone. It is made in that of the pod's node, not in one where the pod has no place.
		VolumeBindingMode: pulumi.String("WaitForFirstConsumer"),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating storage class: %w", err)
	}
	return class, nil
}
