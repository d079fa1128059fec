// Unit tests of sys/tree.cpp: detached mounts need no place, so they leave none behind.
#include "cleat/sys/tree.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/sys/files.hpp"
#include "scratch.hpp"

namespace cleat::sys {
namespace {

constexpr std::uint64_t kReadOnly = 1;  // MOUNT_ATTR_RDONLY

bool may_mount() {
    if (Tree::make({.type = "tmpfs"})) return true;
    MESSAGE("skipped: no mounts without root");
    return false;
}

}  // namespace

TEST_CASE("a file system that does not exist is named") {
    if (!may_mount()) return;
    const auto none = Tree::make({.type = "moonfs"});
    REQUIRE_FALSE(none);
    CHECK(none.error().errno_value == ENODEV);
    CHECK(none.error().what.find("\"moonfs\"") != std::string::npos);
}

TEST_CASE("an option that is refused is named with the kernel's words") {
    if (!may_mount()) return;
    const std::vector<std::pair<std::string, std::string>> options = {{"mode", "755"},
                                                                      {"moon", "full"}};
    const auto tree = Tree::make({.type = "tmpfs", .options = &options});
    REQUIRE_FALSE(tree);
    CHECK(tree.error().what.find("option \"moon=full\"") != std::string::npos);
    CHECK(tree.error().what.find("Unknown parameter") != std::string::npos);
}

TEST_CASE("a detached mount has its attributes before anybody sees it") {
    if (!may_mount()) return;
    const auto tree = Tree::make({.type = "tmpfs", .attributes = kReadOnly});
    REQUIRE(tree);
    const auto refused = open_at(tree->fd(), "x", O_WRONLY | O_CREAT, 0600);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().errno_value == EROFS);
    REQUIRE(tree->set_attributes({.clear = kReadOnly}, Depth::Top));
    CHECK(open_at(tree->fd(), "x", O_WRONLY | O_CREAT, 0600));
}

TEST_CASE("a copy of a mount shows what is there and can be read-only alone") {
    if (!may_mount()) return;
    const Scratch scratch;
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), "text", 0600));
    const auto tree = Tree::clone(kHere, scratch.path.c_str(), Depth::Top);
    REQUIRE(tree);
    CHECK(read_text_at(tree->fd(), "f") == std::string("text"));
    REQUIRE(tree->set_attributes({.set = kReadOnly}, Depth::Top));
    CHECK_FALSE(open_at(tree->fd(), "f", O_WRONLY));
    CHECK(open_at(kHere, scratch.at("f").c_str(), O_WRONLY));
}

TEST_CASE("what is not there cannot be copied") {
    if (!may_mount()) return;
    const auto none = Tree::clone(kHere, "/no/such", Depth::Recursive);
    REQUIRE_FALSE(none);
    CHECK(none.error().errno_value == ENOENT);
    CHECK(none.error().what.find("/no/such") != std::string::npos);
}

TEST_CASE("a mount is another than the one that it lies on") {
    if (!may_mount()) return;
    const Scratch scratch;
    const auto below = mount_id(scratch.path.c_str());
    REQUIRE(below);
    const auto tree = Tree::make({.type = "tmpfs"});
    REQUIRE(tree);
    REQUIRE(tree->attach(kHere, scratch.path.c_str()));
    const auto above = mount_id(scratch.path.c_str());
    const auto gone = detach_mount(scratch.path.c_str());
    REQUIRE(gone);
    REQUIRE(above);
    CHECK(*above != *below);
    CHECK(mount_id(scratch.path.c_str()) == *below);
    CHECK(mount_id("/no/such").error().errno_value == ENOENT);
}

}  // namespace cleat::sys
