package access

import "errors"

// What can be wrong with a token. Errors of this package match one of them by errors.Is.
var (
	// ErrExpired is a token whose time is over.
	ErrExpired = errors.New("the token has expired")
	// ErrForged is a token that none of the keys signed, or not by HS256.
	ErrForged = errors.New("the token was not signed by this desk")
	// ErrMalformed is not a token, or one that lacks a claim.
	ErrMalformed = errors.New("not a token")
	// ErrForeign is a token of another desk, or one that was made for another purpose.
	ErrForeign = errors.New("the token is for something else")
)
