#include "rootfs.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

using namespace cleat::shim;

TEST_CASE("options of a mount are flags, propagation, and the file system's own") {
    const auto words = mount_words({"rbind", "ro", "nosuid", "rslave", "lowerdir=/a:/b",
                                    "X-containerd.mkdir.path=/x", "index=off", "suid"});
    CHECK(words.flags == (MS_BIND | MS_REC | MS_RDONLY));
    CHECK(words.propagation == std::vector<unsigned long>{MS_SLAVE | MS_REC});
    CHECK(words.data == "lowerdir=/a:/b,index=off");
}
