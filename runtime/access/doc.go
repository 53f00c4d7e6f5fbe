// Package access makes and checks what people show to a desk: the session of a customer, the session
// of an agent, and the one-time link that an agent signs in with (features X1, R7).
//
//	keys, err := access.LoadKeys("keys") // the files session and sign-in
//	tokens := access.New(access.Options{Desk: "acme", Keys: keys, Now: time.Now})
//
//	token, err := tokens.IssueCustomer(access.NewID(rand.Reader), "web", expires)
//	session, channel, expires, err := tokens.VerifyCustomer(token)
//	switch {
//	case errors.Is(err, access.ErrExpired): // the customer begins anew
//	case err != nil: // 401
//	}
//
// A token is a JWT, signed by HS256 and nothing else. Its audience says what it is for, and a claim
// says for which desk: one kind is never taken for another, nor one desk's for another's. The header
// names the key, so that two may be valid at once while one replaces the other.
//
// It opens secure metadata as well, which sites seal with keys of their own (feature C9): see [Metadata].
//
// A token says who it was made for, not what that person may do, nor that the session was not ended:
// that is in the desk's state.
package access
