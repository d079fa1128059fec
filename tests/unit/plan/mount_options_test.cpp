#include "../../../src/plan/mount_options.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../../../src/plan/numbers.hpp"

namespace cleat::plan {
namespace {

struct Row {
    const char* option;
    std::uint64_t set;
    std::uint64_t clear;
};

constexpr Row kRows[] = {
    {"ro", 1, 0},
    {"rw", 0, 1},
    {"nosuid", 2, 0},
    {"suid", 0, 2},
    {"nodev", 4, 0},
    {"dev", 0, 4},
    {"noexec", 8, 0},
    {"exec", 0, 8},
    {"noatime", 0x10, 0x70},
    {"atime", 0, 0x70},
    {"strictatime", 0x20, 0x70},
    {"nostrictatime", 0, 0x70},
    {"relatime", 0, 0x70},
    {"norelatime", 0, 0x70},
    {"nodiratime", 0x80, 0},
    {"diratime", 0, 0x80},
    {"nosymfollow", 0x200000, 0},
    {"symfollow", 0, 0x200000},
};

using Data = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("an attribute changes one mount, and with an r in front all below it") {
    for (const auto& [option, set, clear] : kRows) {
        CAPTURE(option);
        const auto top = parse_mount_options({option});
        CHECK(top.flags.set == set);
        CHECK(top.flags.clear == clear);
        CHECK((top.flags.recursive_set | top.flags.recursive_clear) == 0);
        const auto all = parse_mount_options({std::string("r") + option});
        CHECK(all.flags.recursive_set == set);
        CHECK(all.flags.recursive_clear == clear);
        CHECK((all.flags.set | all.flags.clear) == 0);
        CHECK((top.data.empty() && all.data.empty()));
    }
}

TEST_CASE("the later of two options that contradict each other wins") {
    CHECK(parse_mount_options({"ro", "rw"}).flags.set == 0);
    CHECK(parse_mount_options({"ro", "rw"}).flags.clear == kMountReadonly);
    CHECK(parse_mount_options({"rw", "ro"}).flags.set == kMountReadonly);
    CHECK(parse_mount_options({"rw", "ro"}).flags.clear == 0);
    CHECK(parse_mount_options({"noatime", "strictatime"}).flags.set == kMountStrictatime);
    CHECK(parse_mount_options({"strictatime", "relatime"}).flags.set == 0);
}

TEST_CASE("propagation names carry their own recursion") {
    const auto options = parse_mount_options({"private", "rshared", "rslave", "unbindable"});
    CHECK(options.flags.propagation == std::vector<std::uint64_t>{kPrivate, kShared | kRecursive,
                                                                  kSlave | kRecursive,
                                                                  kUnbindable});
    CHECK(propagation_of("rprivate") == (kPrivate | kRecursive));
    CHECK(propagation_of("none") == 0);
    CHECK(propagation_name(kSlave | kRecursive) == "rslave");
}

TEST_CASE("the manner of a mount is no data of its file system") {
    const auto options = parse_mount_options({"rbind", "bind", "ridmap", "remount", "tmpcopyup",
                                              "copy-symlink", "src-nofollow", "dest-nofollow"});
    CHECK(options.copy_symlink);
    CHECK(options.source_no_follow);
    CHECK(options.destination_no_follow);
    CHECK(options.bind == Depth::Recursive);
    CHECK(options.idmap == Depth::Recursive);
    CHECK(options.remount);
    CHECK(options.copy_up);
    CHECK(options.data.empty());
}

TEST_CASE("options of the superblock are told to any file system") {
    const auto options = parse_mount_options(
        {"sync", "dirsync", "lazytime", "mand", "acl", "silent", "noiversion", "defaults"});
    CHECK(options.superblock ==
          Data{{"sync", ""}, {"dirsync", ""}, {"lazytime", ""}, {"mand", ""}, {"posixacl", ""}});
    CHECK(options.data.empty());
}

TEST_CASE("everything else is the file system's own, key and value apart") {
    const auto options = parse_mount_options({"nosuid", "size=64k", "usrquota", "mpol=bind=1"});
    CHECK(options.data == Data{{"size", "64k"}, {"usrquota", ""}, {"mpol", "bind=1"}});
    CHECK(options.data_indices == std::vector<std::size_t>{1, 2, 3});
    CHECK(options.flags.set == kMountNosuid);
}

TEST_CASE("the list for `features` has the recursive forms and is sorted") {
    const auto names = known_mount_options();
    CHECK(std::ranges::is_sorted(names));
    for (const char* name :
         {"rro", "rrw", "rnosymfollow", "rsymfollow", "rnodiratime", "tmpcopyup", "rbind",
          "runbindable", "idmap", "lazytime", "copy-symlink", "src-nofollow", "dest-nofollow"})
        CHECK(std::ranges::find(names, name) != names.end());
}

}  // namespace cleat::plan
