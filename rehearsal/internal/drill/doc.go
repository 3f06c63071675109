// Package drill lets something go wrong on a rehearsed platform, watches what becomes of its services and says whether
// the platform kept its promises:
//
//   - NodeLoss and ZoneLoss: every service of two or more pods keeps one that serves, all come back to full strength
//     on what is left, no other node dies, and the pods are spread evenly again.
//   - Spike: the pods and then the nodes become as many as the load needs, and no pod waits for a place while the nodes
//     have CPU to spare.
//   - BadRelease: the roll-out stops, and the old pods go on serving.
//
// A pod serves if it is ready and its instance lives: the cluster itself takes a while to notice that one does not.
// Times are those of AWS: the clock of nodes and pods runs faster, by the speed of the rehearsal.
package drill
