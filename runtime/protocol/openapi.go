package protocol

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI is the description of the HTTP API under /v1, an OpenAPI 3.1 document in YAML. A desk serves
// it at /v1/openapi.yaml; a test keeps its schemas like the structs of this package.
func OpenAPI() []byte { return []byte(openAPI) }
