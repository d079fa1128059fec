// Unit tests of sys/root_fs.cpp: nothing in a root leads out of it.
#include "cleat/sys/root_fs.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "scratch.hpp"

namespace cleat::sys {
namespace {

/// A root beside a directory that must never be reached.
class Root {
 public:
    Root() {
        CHECK(make_directories(scratch.at("root/etc"), 0755));
        CHECK(make_directories(scratch.at("outside"), 0755));
        put("root/etc/passwd", "inside");
        put("outside/secret", "outside");
        fs = RootFs(*open_at(kHere, scratch.at("root").c_str(), O_PATH | O_DIRECTORY));
    }
    void put(const std::string& name, const char* text) const {
        CHECK(replace_file_at(kHere, scratch.at(name).c_str(), text, 0644));
    }
    void link(const std::string& target, const std::string& name) const {
        CHECK(::symlink(target.c_str(), scratch.at("root/" + name).c_str()) == 0);
    }
    [[nodiscard]] bool exists(const std::string& name) const {
        return exists_at(kHere, scratch.at(name).c_str());
    }
    [[nodiscard]] std::string read(const char* path) const {
        const auto fd = fs.open(path, O_RDONLY);
        return fd ? read_all(fd->get()).value_or("?")
                  : std::string(errno_name(fd.error().errno_value));
    }
    [[nodiscard]] ino_t inode(const std::string& name) const {
        return stat_at(kHere, scratch.at(name).c_str())->st_ino;
    }

    Scratch scratch;
    RootFs fs;
};

}  // namespace

TEST_CASE("absolute links and dots stay inside") {
    const Root root;
    root.link("/etc/passwd", "absolute");
    root.link("../../../../etc/passwd", "dots");
    root.link(root.scratch.at("outside/secret"), "out");
    CHECK(root.read("/etc/passwd") == "inside");
    CHECK(root.read("etc/passwd") == "inside");
    CHECK(root.read("/absolute") == "inside");
    CHECK(root.read("/dots") == "inside");
    CHECK(root.read("/../../outside/secret") == "ENOENT");
    CHECK(root.read("/out") == "ENOENT");
}

TEST_CASE("links that go round are an error") {
    const Root root;
    root.link("b", "a");
    root.link("a", "b");
    CHECK(root.read("/a") == "ELOOP");
    CHECK_FALSE(root.fs.ensure_directory("/a/x"));
    CHECK_FALSE(root.fs.ensure_file("/a"));
}

TEST_CASE("magic links are refused") {
    const RootFs host(*open_at(kHere, "/", O_PATH | O_DIRECTORY));
    const auto root = host.open("/proc/self/root", O_PATH);
    REQUIRE_FALSE(root);
    CHECK(root.error().errno_value == ELOOP);
    CHECK_FALSE(host.open("/proc/self/cwd/x", O_PATH));
    CHECK_FALSE(host.open("/proc/self/fd/0", O_PATH));
    CHECK(host.open_no_follow("/proc/self/cwd", O_PATH));
}

TEST_CASE("the last link can be had itself") {
    const Root root;
    root.link("/etc", "l");
    const auto link = root.fs.open_no_follow("/l", O_PATH);
    REQUIRE(link);
    CHECK(S_ISLNK(stat_fd(link->get())->st_mode));
    CHECK(S_ISDIR(stat_fd(root.fs.open("/l", O_PATH)->get())->st_mode));
}

TEST_CASE("directories are made inside, through links that point out") {
    const Root root;
    root.link(root.scratch.at("outside"), "out");
    const auto made = root.fs.ensure_directory("/out/new/deep");
    REQUIRE(made);
    CHECK_FALSE(root.exists("outside/new"));
    CHECK(root.exists("root" + root.scratch.path + "/outside/new/deep"));
    const auto dots = root.fs.ensure_directory("/a/../../../b");
    REQUIRE(dots);
    CHECK(stat_fd(dots->get())->st_ino == root.inode("root/b"));
}

TEST_CASE("a directory that is there is opened and left as it is") {
    const Root root;
    CHECK(::chmod(root.scratch.at("root/etc").c_str(), 0700) == 0);
    const auto there = root.fs.ensure_directory("/etc");
    REQUIRE(there);
    CHECK((stat_fd(there->get())->st_mode & 0777U) == 0700U);
    CHECK_FALSE(root.fs.ensure_directory("/etc/passwd/x"));
}

TEST_CASE("files are made inside, and where a link points to nothing") {
    const Root root;
    root.link("/var/log/new", "dangling");
    root.link(root.scratch.at("outside/made"), "out");
    REQUIRE(root.fs.ensure_file("/dangling"));
    CHECK(root.exists("root/var/log/new"));
    REQUIRE(root.fs.ensure_file("/out"));
    CHECK_FALSE(root.exists("outside/made"));
    const auto directory = root.fs.ensure_file("/etc");
    REQUIRE_FALSE(directory);
    CHECK(directory.error().errno_value == EISDIR);
    REQUIRE(root.fs.ensure_file("/etc/passwd"));
    CHECK(root.read("/etc/passwd") == "inside");
}

TEST_CASE("a place makes what has its name, follows nothing, and has the mode asked for") {
    const Root root;
    root.link("/etc/passwd", "taken");
    const auto taken = root.fs.place("/taken");
    REQUIRE(taken);
    CHECK(taken->make_file(0644) == Made::Existing);
    CHECK(taken->read_link() == std::string("/etc/passwd"));
    const auto fresh = root.fs.place("/dev/new");
    REQUIRE(fresh);
    const auto mask = ::umask(0);
    CHECK(fresh->make_directory(0777) == Made::New);
    ::umask(mask);
    CHECK((fresh->status()->st_mode & 0777U) == 0777U);
    CHECK_FALSE(root.fs.place("/"));
    CHECK_FALSE(root.fs.place("/a/.."));
}

TEST_CASE("a directory that is missing is made, what has appeared meanwhile is looked at again") {
    const Root root;
    const auto made = root.fs.make_directory("/dev/shm");
    REQUIRE(made);
    CHECK(path_of(open_proc()->get(), made->get()) == root.scratch.at("root/dev/shm"));
    CHECK(root.fs.make_directory("/new/below"));
    root.link("/dev/shm", "there");
    const auto there = root.fs.make_directory("/there");
    REQUIRE(there);
    CHECK(path_of(open_proc()->get(), there->get()) == root.scratch.at("root/dev/shm"));
    const RootFs host(*open_at(kHere, "/", O_PATH | O_DIRECTORY));
    const int next = ::dup(0);  // what make_directory() opens the parent as
    ::close(next);
    const auto magic = host.make_directory(concat("/proc/self/fd/", next).c_str());
    REQUIRE_FALSE(magic);
    CHECK(magic.error().errno_value == ELOOP);
}

TEST_CASE("procfs is the host's own, and nothing above or beside it is opened through it") {
    const auto proc = open_proc();
    REQUIRE(proc);
    CHECK(open_proc_file(proc->get(), "sys/kernel/ostype", O_RDONLY));
    CHECK_FALSE(open_proc_file(proc->get(), "../etc/passwd", O_RDONLY));
    CHECK_FALSE(open_proc_file(proc->get(), "self/root/etc/passwd", O_RDONLY));
}

TEST_CASE("a descriptor is reopened as what it refers to") {
    const Root root;
    const auto proc = open_proc();
    REQUIRE(proc);
    const auto path = root.fs.open("/etc/passwd", O_PATH);
    REQUIRE(path);
    const auto file = reopen(proc->get(), path->get(), O_RDONLY);
    REQUIRE(file);
    CHECK(read_all(file->get()) == std::string("inside"));
    CHECK(path_of(proc->get(), path->get()) == root.scratch.at("root/etc/passwd"));
}

}  // namespace cleat::sys
