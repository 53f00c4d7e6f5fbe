package v1alpha1_test

import (
	"context"
	"os"
	"testing"

	"usher.chat/api/apitest"
)

var ctx = context.Background()

func TestMain(m *testing.M) { os.Exit(apitest.Main(m)) }
