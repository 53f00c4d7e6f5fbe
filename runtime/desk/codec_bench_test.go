package desk

import (
	"strings"
	"testing"
)

// BenchmarkCodec is what a message costs on its way through ledger and streams.
func BenchmarkCodec(b *testing.B) {
	origin := Origin{Principal: "s:0123456789abcdef", Client: "bench-customer", CID: 77}
	text := strings.Repeat("x", 180)
	record := Record{Seq: 5, At: 1_700_000_000_000, Origin: &origin, Event: MessageSent{Conversation: "c123456", From: SideCustomer, Text: text}}
	entry, err := Encode(record)
	if err != nil {
		b.Fatal(err)
	}
	command, err := EncodeCommand(Say{Origin: origin, Conversation: "c123456", Text: text})
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"encode record": func() error { _, err := Encode(record); return err },
		"decode record": func() error { _, err := Decode(5, entry); return err },
		"encode command": func() error {
			_, err := EncodeCommand(Say{Origin: origin, Conversation: "c123456", Text: text})
			return err
		},
		"decode command": func() error { _, err := DecodeCommand(command); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
