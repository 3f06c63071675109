// Package registry provides Registry: where the images of services are, in Amazon ECR.
//
// Both layouts are there: one repository for all services, with the service in the tag (`main:chat_5.3.25-5e15f0a`),
// and one repository a service (`shop/chat:5.3.25-5e15f0a`). Tags are immutable, images are scanned when they are
// pushed and encrypted, and a repository with images in it cannot be deleted.
//
//	r, err := registry.NewRegistry(ctx, "main", &registry.RegistryArgs{
//		Layout:         registry.Shared,
//		RepositoryName: "main",
//		Services:       []string{"chat", "user"},
//	})
//
// r.ImageTemplate is what a stack's configuration has in `slipway:registry`.
//
// What is deleted, by ECR, within a day: images without a tag after 7 days, and of each service all but the newest 20
// by the time they were pushed. What a stack runs is kept however old it is, as long as it carries a tag that starts
// with RunningPrefix; spec.RunningTag makes one, and whoever promotes a release puts it on and takes the last one off. Not
// deleted are images whose tag is of no service here: those of a service that was removed go by hand.
//
// What to know about ECR's rules:
//   - An image is judged by the first rule that selects one of its tags. An image with the tags of two services in one
//     repository is judged as the first's, by name, so do not tag one build for two services.
//   - Another tag does not make an image newer. An image that is promoted again long after it was built needs its
//     running tag.
//   - The images inside a multi-architecture index have no tags and are kept while the index is. Tag the index alone:
//     children with tags of their own count as images of the service.
//   - A policy has 50 rules, of which two are ours: at most 48 services in one repository.
//
// Storage costs by the GB and month, pulls inside the region nothing. Encryption is chosen once: another key replaces
// the repository, which ECR refuses while it has images.
package registry
