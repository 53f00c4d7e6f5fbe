// Package disktest gives a test a small disk, so that it can be full (on Linux):
//
//	disktest.With(t, "8m", func(t *testing.T, dir string) {
//		disktest.Stuff(t, filepath.Join(dir, "ballast"))   // not one byte more
//		…                                                  // remove the ballast: there is room again
//	})
package disktest
