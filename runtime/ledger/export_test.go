package ledger

// WithoutFence makes appends that do not hold the epoch's row, to prove that the race sees what the fence prevents.
func WithoutFence(options Options) Options {
	options.unfenced = true
	return options
}

// For the tests of the framing.
var (
	EncodeBody = encodeBody
	DecodeBody = decodeBody
)
