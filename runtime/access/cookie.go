package access

import (
	"net/http"
	"time"
)

// Names of the cookie that holds an agent's session. Browsers take a __Host- cookie only over https
// and only from the host itself, so that no other host of the domain can plant one.
const (
	SecureCookie = "__Host-usher"
	PlainCookie  = "usher"
)

func cookieName(secure bool) string {
	if secure {
		return SecureCookie
	}
	return PlainCookie
}

// SetSession gives a browser the token of an agent's session until it expires. Secure says that people
// reach the desk by https.
func SetSession(w http.ResponseWriter, token string, expires time.Time, secure bool) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Value: token, Path: "/", Expires: expires.UTC(),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// ReadSession is the token that a browser sent, or empty. It must be told the same as SetSession: a
// desk that is reached by https does not take the cookie that any neighbour could have set.
func ReadSession(r *http.Request, secure bool) string {
	c, err := r.Cookie(cookieName(secure))
	if err != nil {
		return ""
	}
	return c.Value
}

// ClearSession takes the cookie back.
func ClearSession(w http.ResponseWriter, secure bool) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Path: "/", MaxAge: -1,
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
