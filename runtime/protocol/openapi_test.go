package protocol_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"usher.chat/runtime/protocol"
)

func loadOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(protocol.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDescriptionIsValidOpenAPIWithItsExamples(t *testing.T) {
	doc := loadOpenAPI(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("it is of version %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableMultiError()); err != nil {
		t.Error(err)
	}
}

// structs are those of the package that travel, by name.
func structs() map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for _, v := range []any{
		protocol.Hello{}, protocol.Kept{}, protocol.Command{}, protocol.Welcome{}, protocol.Limits{}, protocol.Snapshot{}, protocol.Update{},
		protocol.Change{}, protocol.Queue{}, protocol.Override{}, protocol.Waiting{}, protocol.Conversation{}, protocol.Message{},
		protocol.Channel{}, protocol.Notice{}, protocol.Gone{}, protocol.Ack{}, protocol.Refused{}, protocol.ErrorFrame{},
		protocol.ErrorBody{}, protocol.Error{}, protocol.Ping{}, protocol.GoAway{}, protocol.Typing{}, protocol.Me{},
		protocol.MyTeam{}, protocol.MyChannel{}, protocol.SignOut{}, protocol.LogPage{}, protocol.LogEntry{}, protocol.MessagePage{},
		protocol.Target{}, protocol.Targets{}, protocol.Team{}, protocol.Colleague{}, protocol.Standing{}, protocol.Key{},
		protocol.Invitation{}, protocol.Open{}, protocol.Participant{}, protocol.Inactive{}, protocol.Room{}, protocol.Post{},
		protocol.Issue{}, protocol.Targeting{}, protocol.LinkInfo{}, protocol.NewLink{}, protocol.Link{}, protocol.PostPage{},
		protocol.Explanation{}, protocol.Step{}, protocol.Candidate{}, protocol.EraseBody{}, protocol.Erasure{}, protocol.SecureMetadata{},
	} {
		all[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return all
}

func TestEveryStructIsAmongThoseComparedWithTheDescription(t *testing.T) {
	known := structs()
	for name := range structsOf(t, files...) {
		if known[name] == nil {
			t.Errorf("%s is not compared", name)
		}
	}
}

func TestSchemasHaveTheFieldsOfTheStructs(t *testing.T) {
	doc := loadOpenAPI(t)
	for name, typ := range structs() {
		ref := doc.Components.Schemas[name]
		if ref == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		var required []string
		for i := range typ.NumField() {
			field := typ.Field(i)
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := ref.Value.Properties[tag]
			if property == nil {
				t.Errorf("%s lacks %s", name, tag)
				continue
			}
			if options != "omitempty" {
				required = append(required, tag)
			}
			if got, want := kindOfSchema(property), kindOfGo(field.Type); got != want {
				t.Errorf("%s.%s is %s, in Go %s", name, tag, got, want)
			}
			if items := property.Value.Items; items != nil && !strings.HasSuffix(items.Ref, "/"+field.Type.Elem().Name()) &&
				kindOfSchema(items) != kindOfGo(field.Type.Elem()) {
				t.Errorf("%s.%s has items %s, in Go %s", name, tag, items.Ref, field.Type.Elem())
			}
		}
		if len(ref.Value.Properties) != typ.NumField() {
			t.Errorf("%s has %d fields, in Go %d", name, len(ref.Value.Properties), typ.NumField())
		}
		slices.Sort(required)
		if got := slices.Sorted(slices.Values(ref.Value.Required)); !slices.Equal(got, required) {
			t.Errorf("%s requires %v, in Go %v", name, got, required)
		}
	}
}

func kindOfGo(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOfGo(t.Elem())
	case reflect.Struct:
		return t.Name()
	case reflect.Map:
		return "map of " + kindOfGo(t.Elem())
	case reflect.Slice:
		return "array"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Interface:
		return "anything"
	}
	return "integer"
}

func kindOfSchema(s *openapi3.SchemaRef) string {
	switch {
	case s.Value.AdditionalProperties.Schema != nil:
		return "map of " + kindOfSchema(s.Value.AdditionalProperties.Schema)
	case s.Value.Type.Is("object"):
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Value.Const != nil:
		return reflect.TypeOf(s.Value.Const).Kind().String()
	case s.Value.Type == nil, len(s.Value.Type.Slice()) > 1:
		return "anything"
	}
	return s.Value.Type.Slice()[0]
}

// check tells whether a value is as a schema says.
func check(t *testing.T, doc *openapi3.T, schema string, value any) error {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas[schema].Value.VisitJSON(plain, openapi3.EnableJSONSchema2020())
}

func TestFramesOfEveryTypeAreAsTheDescriptionSays(t *testing.T) {
	doc := loadOpenAPI(t)
	for _, frame := range frames() {
		if err := check(t, doc, reflect.TypeOf(frame).Name(), frame); err != nil {
			t.Errorf("%T: %v", frame, err)
		}
	}
	// And the check is one: each frame fails as another.
	if err := check(t, doc, "Ping", protocol.Ack{Type: protocol.TypeAck}); err == nil {
		t.Error("an ack passes for a ping")
	}
}

func TestCodesOfErrorsAreThoseOfTheSocketProtocol(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/socket-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Errors")
	table, _, _ := strings.Cut(section, "| close code")
	documented := map[string]string{} // code to status
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| (\\d+) \\|").FindAllStringSubmatch(table, -1) {
		for _, code := range regexp.MustCompile("[a-z_]+").FindAllString(row[1], -1) {
			documented[code] = row[2]
		}
	}
	doc := loadOpenAPI(t)
	var listed []string
	for _, code := range doc.Components.Schemas["Error"].Value.Properties["code"].Value.Examples {
		listed = append(listed, code.(string))
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(documented)); !slices.Equal(listed, want) {
		t.Errorf("the description lists %v\nthe page has %v", listed, want)
	}
	// A response that names codes names those of its status.
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				for _, code := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(*response.Value.Description, -1) {
					if documented[code[1]] != status {
						t.Errorf("%s %s: %s is told for %s, its status is %s", method, path, code[1], status, documented[code[1]])
					}
				}
			}
		}
	}
}

func TestTheRoutesOfTheGatewayAreThoseOfTheDescription(t *testing.T) {
	source, err := os.ReadFile("../gateway/http.go")
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, route := range regexp.MustCompile(`"((?:GET|POST|PUT|DELETE) /v1/[^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		routes = append(routes, route[1])
	}
	var described []string
	for path, item := range loadOpenAPI(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("the gateway has %v\nthe description %v", routes, described)
	}
}
