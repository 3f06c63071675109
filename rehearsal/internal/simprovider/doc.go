// Package simprovider serves simulated Pulumi providers over the real provider protocol.
//
// The engine attaches to a server of this package as it would to a provider plugin, so what it plans, diffs,
// replaces and refreshes is the engine's own work. What a resource is and which rules it obeys comes from a
// [Model]; the packages simaws and kubeprovider are two.
//
//	srv, err := simprovider.Serve(model)
//	...
//	defer srv.Close()
//	env := fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=%s:%d", model.Package(), srv.Port())
//
// Secrets stay marked on the whole way through. They are masked in recorded events, and a [Store] keeps a salted
// hash in their place, never the value.
package simprovider
