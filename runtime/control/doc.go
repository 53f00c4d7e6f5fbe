// Package control is the port through which the operator and kubectl reach a desk's runtime: settings
// in, figures, the activity log and explanations out (features K4, X1, Q4, X3). It speaks HTTP over mutual TLS, with the
// desk's own certificates.
//
//	s, err := control.New(control.Options{Desk: router, Version: "1.2.0", Now: time.Now, Logger: logger})
//	err = s.Serve(ctx, listener, "/etc/usher/control") // tls.crt, tls.key, ca.crt
//
//	s.Changed() // whenever something that is reported may have changed; never blocks
//
// The addresses:
//
//	PUT /control/v1/settings               settings.Settings; answers with what is applied then
//	GET /control/v1/reports                settings.Report, one JSON object a line, for as long as one listens
//	GET /control/v1/reports?watch=false    one of them
//	GET /control/v1/log?queue=Q            protocol.LogPage; before, limit. Without queue, the desk's own
//	GET /control/v1/explanation?conversation=C    protocol.Explanation
//	POST /control/v1/erasures              protocol.EraseRequest; answers with a protocol.Erasure
//	GET /control/v1/erasures               protocol.ErasedPage; after
//	POST /control/v1/erasures/again        protocol.EraseAgainRequest; answers with a protocol.ErasedAgain
//	GET /control/v1/version                VersionInfo
//	GET /control/v1/ledger                 protocol.LedgerInfo
//	POST /control/v1/migration             protocol.MigrateRequest; answers with a protocol.MigrateLine a line until it has ended
//	DELETE /control/v1/migration           takes a ledger that was moved back into use
//
// A client with the common name operator may do everything, viewer may read. Whoever shows no
// certificate of the desk's authority gets no further than the handshake.
package control
