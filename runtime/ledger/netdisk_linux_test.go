package ledger

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkFileSystemsAreKnownByTheirNumber(t *testing.T) {
	for magic, want := range map[uint32]string{
		unix.NFS_SUPER_MAGIC:       "NFS",
		unix.CIFS_SUPER_MAGIC:      "CIFS (SMB)",
		unix.SMB_SUPER_MAGIC:       "CIFS (SMB)",
		unix.SMB2_SUPER_MAGIC:      "CIFS (SMB)",
		unix.EXT4_SUPER_MAGIC:      "",
		unix.XFS_SUPER_MAGIC:       "",
		unix.BTRFS_SUPER_MAGIC:     "",
		unix.TMPFS_MAGIC:           "",
		unix.OVERLAYFS_SUPER_MAGIC: "",
	} {
		if got := networkDiskName(magic); got != want {
			t.Errorf("file system %#x is %q, want %q", magic, got, want)
		}
	}
	if name, err := networkDisk(t.TempDir()); err != nil || name != "" {
		t.Errorf("the disk of the tests is %q, %v", name, err)
	}
	if _, err := networkDisk(t.TempDir() + "/missing"); err == nil {
		t.Error("a directory that is not there was taken")
	}
}
