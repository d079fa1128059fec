// Unit tests of store/store.cpp and, through it, of the files' form.
#include "cleat/store/store.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

using namespace cleat;
using store::Store;

namespace {

/// A state root in a directory of its own, gone with the test.
class Scratch {
 public:
    Scratch() {
        char name[] = "/tmp/cleat-store-XXXXXX";
        base_ = ::mkdtemp(name);
        root = base_ + "/deep/root";
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        const Store all(root);
        if (const auto names = all.list())
            for (const auto& name : *names) CHECK(all.remove(*ContainerId::parse(name)));
        for (const char* part : {"/deep/root", "/deep", ""}) ::rmdir((base_ + part).c_str());
    }
    std::string root;

 private:
    std::string base_;
};

ContainerId id(const char* text) { return *ContainerId::parse(text); }

store::State full_state() {
    return {.oci_version = "1.3.0",
            .id = "web1",
            .init = {.pid = 4711, .start_time = 18446744073709551615U},
            .bundle = "/b",
            .rootfs = "/b/rootfs",
            .created = "2026-01-02T03:04:05.000000006Z",
            .annotations = {{"a", "1"}, {"b\"\n", "\xc3\xa9"}},
            .owner = 4294967294U,
            .cgroup_driver = "cgroupfs",
            .cgroups = {{.controllers = {"cpu", "cpuacct"},
                         .mountpoint = "/sys/fs/cgroup/cpu",
                         .path = "/web1",
                         .unified = false},
                        {.controllers = {}, .mountpoint = "/u", .path = "/x", .unified = true}},
            .rdt = {.group = "/r/web1", .monitor = "/r/web1/mon_groups/web1", .of_container = true},
            .root_mount = {.path = "/b/rootfs", .id = 77},
            .lacks_process = true,
            .has_own_pid_namespace = true,
            .has_poststart_hooks = true,
            .has_poststop_hooks = false};
}

mode_t mode_of(const std::string& path) {
    const auto status = sys::stat_at(sys::kHere, path.c_str());
    return status ? status->st_mode & 07777U : 0;
}

void write(const store::Entry& entry, const char* name, std::string_view text) {
    REQUIRE(sys::replace_file_at(entry.fd(), name, text, 0600));
}

}  // namespace

TEST_CASE("a staged state is nobody's until it is published") {
    const Scratch scratch;
    const Store store(scratch.root);
    const auto entry = store.reserve(id("web1"));
    REQUIRE(entry);
    CHECK_FALSE(entry->publish_state());
    REQUIRE(entry->stage_state(full_state()));
    CHECK(entry->read_state().error().kind == ErrorKind::NotFound);
    REQUIRE(entry->publish_state());
    CHECK(entry->read_state().value().id == "web1");
    REQUIRE(entry->stage_state(full_state()));
    REQUIRE(store.remove(id("web1")));
    CHECK(store.list().value().empty());
}

TEST_CASE("a state comes back as it was written") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("web1"));
    REQUIRE(entry);
    const auto written = full_state();
    REQUIRE(entry->write_state(written));
    const auto read = entry->read_state();
    REQUIRE(read);
    CHECK(read->root_mount.path == written.root_mount.path);
    CHECK(read->root_mount.id == written.root_mount.id);
    CHECK(read->oci_version == written.oci_version);
    CHECK(read->id == "web1");
    CHECK(read->init == written.init);
    CHECK(read->bundle == "/b");
    CHECK(read->rootfs == "/b/rootfs");
    CHECK(read->created == written.created);
    CHECK(read->annotations == written.annotations);
    CHECK(read->owner == written.owner);
    CHECK(read->cgroup_driver == "cgroupfs");
    REQUIRE(read->cgroups.size() == 2);
    CHECK(read->cgroups[0].controllers == written.cgroups[0].controllers);
    CHECK(read->cgroups[0].mountpoint == "/sys/fs/cgroup/cpu");
    CHECK(read->cgroups[1].unified);
    CHECK(read->lacks_process);
    CHECK(read->has_own_pid_namespace);
    CHECK(read->has_poststart_hooks);
    CHECK_FALSE(read->has_poststop_hooks);
}

TEST_CASE("an intent comes back as it was written") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    const store::Intent intent{
        .creator = {.pid = 1, .start_time = 7},
        .cgroups = {{.controllers = {"pids"}, .mountpoint = "/m", .path = "/p", .unified = false}}};
    REQUIRE(entry->write_intent(intent));
    const auto read = entry->read_intent();
    REQUIRE(read);
    CHECK(read->creator == intent.creator);
    REQUIRE(read->cgroups.size() == 1);
    CHECK(read->cgroups[0].path == "/p");
}

TEST_CASE("of another boot nobody is left, whoever has the pid now") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    const sys::ProcessIdentity process{.pid = 1, .start_time = 7};
    auto state = full_state();
    for (const auto& boot : {*sys::boot_id(), std::string(), std::string("another")}) {
        CAPTURE(boot);
        state.boot = boot;
        REQUIRE(entry->write_state(state));
        REQUIRE(entry->write_intent({.creator = process, .boot = boot, .cgroups = {}}));
        const bool earlier = boot == "another";
        CHECK(entry->read_state()->init == (earlier ? sys::ProcessIdentity{} : state.init));
        CHECK(entry->read_intent()->creator == (earlier ? sys::ProcessIdentity{} : process));
    }
}

TEST_CASE("odd files in the place of a state are an error at once, and are removed") {
    const Scratch scratch;
    const Store store(scratch.root);
    const auto make = [](const store::Entry& entry, const char* kind) {
        const std::string path = entry.path() + "/state.json";
        if (std::string_view(kind) == "fifo") return ::mkfifo(path.c_str(), 0600);
        if (std::string_view(kind) == "directory") return ::mkdir(path.c_str(), 0700);
        return ::symlink("state.json", path.c_str());
    };
    for (const char* const kind : {"fifo", "directory", "link"}) {
        CAPTURE(kind);
        const auto entry = store.reserve(id("a"));
        REQUIRE(entry);
        REQUIRE(make(*entry, kind) == 0);
        const auto read = entry->read_state();
        REQUIRE_FALSE(read);
        CHECK(read.error().kind != ErrorKind::NotFound);
        CHECK(store.remove(id("a")));
        CHECK(store.list()->empty());
    }
}

TEST_CASE("directories and files are closed to others") {
    const Scratch scratch;
    const auto old = ::umask(022);
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    REQUIRE(entry->write_config("{}"));
    CHECK(mode_of(scratch.root) == 0711);
    CHECK(mode_of(scratch.root + "/a") == 0700);
    CHECK(mode_of(scratch.root + "/a/config.json") == 0600);
    ::umask(old);
}

TEST_CASE("an id is taken once") {
    const Scratch scratch;
    const Store store(scratch.root);
    REQUIRE(store.reserve(id("a")));
    const auto again = store.reserve(id("a"));
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::Exists);
    CHECK(again.error().what == "container with given ID already exists");
}

TEST_CASE("what is not there does not exist") {
    const Scratch scratch;
    const Store store(scratch.root);
    const auto missing = store.find(id("a"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == ErrorKind::NotFound);
    CHECK(missing.error().what == "container does not exist");
    CHECK(store.remove(id("a")));
    const auto names = store.list();
    REQUIRE(names);
    CHECK(names->empty());
}

TEST_CASE("an entry without a state does not exist yet") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    CHECK(entry->read_state().error().kind == ErrorKind::NotFound);
    CHECK(entry->read_intent().error().kind == ErrorKind::NotFound);
}

TEST_CASE("a damaged state is refused with the file's name and never crashes") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    REQUIRE(entry->write_state(full_state()));
    const auto whole = sys::read_text_at(entry->fd(), "state.json");
    REQUIRE(whole);
    std::vector<std::string> bad = {"",   "null", "[]",     "7",          "\"x\"",     "{",
                                    "{}", "\xff", "[[[[[[", "{\"id\":1}", *whole + "x"};
    for (std::size_t cut = 0; cut < whole->size(); cut += 3) bad.push_back(whole->substr(0, cut));
    for (const auto& text : bad) {
        write(*entry, "state.json", text);
        const auto read = entry->read_state();
        REQUIRE_FALSE(read);
        CHECK(read.error().kind == ErrorKind::InvalidConfig);
        CHECK(read.error().what.find("/a/state.json: damaged") != std::string::npos);
    }
}

TEST_CASE("each member of a state must have its type") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    REQUIRE(entry->write_state(full_state()));
    const auto whole = sys::read_text_at(entry->fd(), "state.json");
    REQUIRE(whole);
    for (const char* name : {"id", "init", "bundle", "annotations", "owner", "cgroups", "version",
                             "poststopHooks", "pid"}) {
        CAPTURE(name);
        std::string text = *whole;
        const auto at = text.find(concat("\"", name, "\":"));
        REQUIRE(at != std::string::npos);
        text.insert(at + std::string_view(name).size() + 3, "null,\"x\":");
        write(*entry, "state.json", text);
        CHECK(entry->read_state().error().kind == ErrorKind::InvalidConfig);
    }
}

TEST_CASE("a cgroup is a row of texts, its kind first") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    const auto read_with = [&](std::string_view row) {
        write(*entry, "intent.json",
              concat(R"({"version":2,"creator":{"pid":1,"startTime":1},"boot":"b",)",
                     R"("scope":{"unit":"","ofUser":false},"cgroups":[)", row, "]}"));
        return entry->read_intent();
    };
    const auto right = read_with(R"(["v2","/m","/p"],["v1","/n","/q","cpu","cpuacct"])");
    REQUIRE(right);
    CHECK(right->cgroups[0].unified);
    CHECK(right->cgroups[1].controllers == std::vector<std::string>{"cpu", "cpuacct"});
    for (const char* row :
         {"7", R"("v1")", R"({"v1":"/m"})", R"(["v1","/m"])", R"(["v3","/m","/p"])",
          R"(["v1","/m",null])", R"(["v1","/m","/p",1])"}) {
        CAPTURE(row);
        const auto wrong = read_with(row);
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().kind == ErrorKind::InvalidConfig);
    }
}

TEST_CASE("numbers that do not fit are refused") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    for (const char* pid : {"-1", "2147483648", "1.5", "1e3", "18446744073709551616"}) {
        write(
            *entry, "intent.json",
            concat(
                R"({"version":2,"creator":{"pid":)", pid,
                R"(,"startTime":1},"boot":"b","scope":{"unit":"","ofUser":false},"cgroups":[]})"));
        CHECK_FALSE(entry->read_intent());
    }
    write(
        *entry, "intent.json",
        R"({"version":2,"creator":{"pid":2147483647,"startTime":1},"boot":"b","scope":{"unit":"","ofUser":false},"cgroups":[]})");
    CHECK(entry->read_intent());
}

TEST_CASE("a file of another version is refused") {
    const Scratch scratch;
    const auto entry = Store(scratch.root).reserve(id("a"));
    REQUIRE(entry);
    write(
        *entry, "intent.json",
        R"({"version":3,"creator":{"pid":1,"startTime":1},"scope":{"unit":"","ofUser":false},"cgroups":[]})");
    CHECK_FALSE(entry->read_intent());
}

TEST_CASE("removal takes everything with it, directories too") {
    const Scratch scratch;
    const Store store(scratch.root);
    const auto entry = store.reserve(id("a"));
    REQUIRE(entry);
    REQUIRE(entry->write_state(full_state()));
    REQUIRE(sys::make_directory_at(entry->fd(), "notify", 0755));
    REQUIRE(sys::replace_file_at(entry->fd(), "notify/x", "", 0600));
    REQUIRE(store.remove(id("a")));
    CHECK_FALSE(store.find(id("a")));
}

TEST_CASE("a discarded entry leaves its successor alone") {
    const Scratch scratch;
    const Store store(scratch.root);
    const auto first = store.reserve(id("a"));
    REQUIRE(first);
    REQUIRE(store.remove(id("a")));
    const auto second = store.reserve(id("a"));
    REQUIRE(second);
    REQUIRE(second->write_config("second"));
    CHECK(store.discard(id("a"), *first));
    CHECK(store.find(id("a"))->read_config() == "second");
    CHECK_FALSE(first->write_config("first"));
}

TEST_CASE("the list is sorted and has only what can be an id") {
    const Scratch scratch;
    const Store store(scratch.root);
    for (const char* name : {"b", "a", "c.1"}) REQUIRE(store.reserve(id(name)));
    REQUIRE(sys::make_directory_at(sys::kHere, (scratch.root + "/not an id").c_str(), 0700));
    const auto names = store.list();
    ::rmdir((scratch.root + "/not an id").c_str());
    REQUIRE(names);
    CHECK(*names == std::vector<std::string>{"a", "b", "c.1"});
}

TEST_CASE("a symlink in the place of an entry is not followed") {
    const Scratch scratch;
    const Store store(scratch.root);
    REQUIRE(store.reserve(id("a")));
    const std::string link = scratch.root + "/link";
    REQUIRE(::symlink("a", link.c_str()) == 0);
    CHECK(store.find(id("link")).error().kind == ErrorKind::NotFound);
    ::unlink(link.c_str());
}
