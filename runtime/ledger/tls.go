package ledger

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// adviseTLS adds to a connection that was refused because of the server's certificate what can be done about it.
func adviseTLS(err error) error {
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	const secret = "the Secret of the database"
	switch {
	case errors.As(err, &unknown):
		issuer := "an authority"
		if unknown.Cert != nil {
			issuer = fmt.Sprintf("%q", unknown.Cert.Issuer)
		}
		return fmt.Errorf("%w: the server's certificate is from %s, which ca.crt (or sslrootcert) does not have; if that is the database's "+
			"authority, put its certificate into ca.crt of %s, beside the one before while they change; if not, somebody else answers at this address", err, issuer, secret)
	case errors.As(err, &named):
		return fmt.Errorf("%w: the server's certificate is for %s; write one of these as the host in %s, or give the server a certificate for %q "+
			"(sslmode verify-ca would not look at the name)", err, certified(named.Certificate), secret, named.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: the certificate of the server, or of its authority, is out of date, or a clock is wrong: renew it; a new authority goes into ca.crt of %s", err, secret)
	}
	return err
}

// adviseURL does so for an address that cannot be used.
func adviseURL(err error) error {
	var refused *pgconn.ParseConfigError
	if errors.As(err, &refused) && strings.Contains(err.Error(), "configure TLS") {
		return fmt.Errorf("%w: ca.crt (or sslrootcert) must be a file of certificates in PEM, and sslmode one of those that PostgreSQL knows", err)
	}
	return err
}

// certified are the names and addresses that a certificate is for.
func certified(c *x509.Certificate) string {
	var names []string
	if c != nil {
		names = slices.Clone(c.DNSNames)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
	}
	if len(names) == 0 {
		return "no name at all"
	}
	return strings.Join(names, ", ")
}
