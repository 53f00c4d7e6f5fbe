package peer

import "sort"

// Bounds of what a router remembers for pods that are a little behind.
const (
	ringBytes = 16 << 20
	// frameBytes is how many bytes of groups go into one frame; a larger group goes alone.
	frameBytes = 1 << 20
)

// ring are the last groups, contiguous.
type ring struct {
	groups []Group
	bytes  int
	last   uint64 // sequence of the last entry that there is
}

func sizeOf(g Group) int {
	n := 0
	for _, e := range g.Entries {
		n += len(e)
	}
	return n
}

func (r *ring) add(g Group) {
	r.groups = append(r.groups, g)
	r.bytes += sizeOf(g)
	r.last = g.last()
	drop := 0
	for r.bytes > ringBytes && drop < len(r.groups)-1 {
		r.bytes -= sizeOf(r.groups[drop])
		r.groups[drop] = Group{}
		drop++
	}
	r.groups = r.groups[drop:]
}

// forget drops the groups up to a sequence: whoever is behind it reads them from the ledger's table.
func (r *ring) forget(upTo uint64) {
	drop := sort.Search(len(r.groups), func(i int) bool { return r.groups[i].last() > upTo })
	kept := make([]Group, len(r.groups)-drop)
	copy(kept, r.groups[drop:])
	for _, g := range r.groups[:drop] {
		r.bytes -= sizeOf(g)
	}
	clear(r.groups)
	r.groups = kept
}

// after gives groups behind a sequence, as many as make a frame; false when they are not there any more.
func (r *ring) after(seq uint64) ([]Group, bool) {
	if seq >= r.last {
		return nil, true
	}
	i := sort.Search(len(r.groups), func(i int) bool { return r.groups[i].last() > seq })
	if i == len(r.groups) || r.groups[i].First > seq+1 {
		return nil, false
	}
	size, end := 0, i
	for end < len(r.groups) && (end == i || size+sizeOf(r.groups[end]) <= frameBytes) {
		size += sizeOf(r.groups[end])
		end++
	}
	return append([]Group(nil), r.groups[i:end]...), true
}
