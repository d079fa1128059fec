#include "rootfs.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include "fuse_root.hpp"
#include "mapped_root.hpp"

using namespace cleat::shim;

TEST_CASE("options of a mount are flags, propagation, and the file system's own") {
    const auto words = mount_words({"rbind", "ro", "nosuid", "rslave", "lowerdir=/a:/b",
                                    "X-containerd.mkdir.path=/x", "index=off", "suid",
                                    "uidmap=0:1000:10,10:5000:1", "gidmap=0:2000:11"});
    CHECK(words.flags == (MS_BIND | MS_REC | MS_RDONLY));
    CHECK(words.propagation == std::vector<unsigned long>{MS_SLAVE | MS_REC});
    CHECK(words.data == "lowerdir=/a:/b,index=off");
    CHECK_FALSE(words.loop);
    CHECK(mount_words({"ro", "loop", "direct-io"}).loop);
    CHECK(mount_words({"ro", "loop", "direct-io"}).data.empty());
    CHECK(words.uid_map == "0:1000:10,10:5000:1");
    CHECK(words.gid_map == "0:2000:11");
}

TEST_CASE("maps of ids are triples of numbers") {
    const auto maps = parse_id_maps("0:1000:10,10:5000:1", "0:2000:11");
    REQUIRE(maps);
    REQUIRE(maps->uid_mappings.size() == 2);
    CHECK(maps->uid_mappings[1].container_id == 10);
    CHECK(maps->uid_mappings[1].host_id == 5000);
    CHECK(maps->uid_mappings[1].size == 1);
    REQUIRE(maps->gid_mappings.size() == 1);
    CHECK(maps->gid_mappings[0].host_id == 2000);
    for (const char* wrong :
         {"", "0:1", "0:1:2:3", "0:1:x", "0:-1:2", "0:4294967296:1", "0:1:2,"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_id_maps(wrong, "0:0:1"));
        CHECK_FALSE(parse_id_maps("0:0:1", wrong));
    }
}

TEST_CASE("a type names the program that mounts it") {
    for (const char* type : {"fuse.nydus-overlayfs", "fuse3.fuse-overlayfs"}) {
        CAPTURE(type);
        CHECK(is_fuse(type));
    }
    for (const char* type : {"", "fuse", "fuse3", "fuseblk", "fuse2.x", "overlay", "x.fuse.y"}) {
        CAPTURE(type);
        CHECK_FALSE(is_fuse(type));
    }
}

TEST_CASE("ids of a mount that a program makes cannot be mapped") {
    const auto refused = mount_fuse(
        {.type = "fuse3.x", .source = "s", .target = "", .options = {"a", "gidmap=0:1:1"}}, "/");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == cleat::ErrorKind::InvalidArgument);
    CHECK(refused.error().what == "gidmap=0:1:1: the ids of a mount of FUSE cannot be mapped");
}
