// Package backup is the file of `kubectl usher backup`: a desk's log up to a position, with its counts and hash
// (feature X5).
//
//	w, err := backup.NewWriter(file, backup.Header{Desk: "acme", Last: 4711, At: now})
//	err = w.Add(row) // for each row in order
//	err = w.Close()  // writes what the rows have come to
//
//	r, err := backup.NewReader(file)
//	for row, err := range r.Rows() { … } // an error before the end is one for the whole file
//
// The file begins with eight letters, the version of the format, the length of the header, the header in JSON and a
// CRC32C of all of that. A zstd stream follows: for each row a byte, its numbers and its body, and at the end another
// byte and the chain of hashes over all of them. Nothing may follow. Encryption is around the file, not in it: see
// [Encrypted].
package backup
