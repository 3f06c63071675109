// Package rehearse takes one stack through its whole life, as a rehearsal, and says which promises held.
//
// The promises: a preview passes, an update does what the preview showed, a second update and a refresh find nothing to
// do, outputs stay as they are, a destroy leaves an empty account, and no secret is written down anywhere.
package rehearse
