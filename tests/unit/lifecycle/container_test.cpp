// Unit tests of lifecycle/container.cpp, state.cpp, list.cpp, delete.cpp and kill.cpp: what can be
// told of an entry in the store without any container.
#include "container.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"

using namespace cleat;
using namespace cleat::lifecycle;

namespace {

/// A state root of its own, gone with the test.
class Scratch {
 public:
    Scratch() {
        char name[] = "/tmp/cleat-life-XXXXXX";
        settings.root = ::mkdtemp(name);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        const store::Store store(settings.root);
        if (const auto names = store.list())
            for (const auto& name : *names) CHECK(store.remove(*ContainerId::parse(name)));
        ::rmdir(settings.root.c_str());
    }
    [[nodiscard]] store::Entry reserve(const char* id) const {
        auto entry = store::Store(settings.root).reserve(*ContainerId::parse(id));
        REQUIRE(entry);
        return *std::move(entry);
    }
    Settings settings;
};

/// A child that sleeps until it is killed or this goes away.
class Sleeper {
 public:
    Sleeper() : pid_(::fork()) {
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() { end(); }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] sys::ProcessIdentity identity() const {
        return {.pid = pid_, .start_time = sys::process_stat(pid_)->start_time};
    }

 private:
    pid_t pid_;
};

store::State state_of(const char* id, const sys::ProcessIdentity& init) {
    store::State state;
    state.oci_version = "1.3.0";
    state.id = id;
    state.init = init;
    state.cgroup_driver = "disabled";
    state.has_own_pid_namespace = true;
    return state;
}

ContainerId id(const char* text) { return *ContainerId::parse(text); }

Status status_in(const Scratch& scratch, const char* name) {
    const auto view = state(scratch.settings, id(name));
    REQUIRE(view);
    return view->status;
}

}  // namespace

TEST_CASE("a container is created while its start socket is there, then running, then stopped") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    Sleeper init;
    REQUIRE(entry.write_state(state_of("a", init.identity())));
    const auto listener = sys::listen_at(entry.fd(), store::kStartSocket);
    REQUIRE(listener);
    CHECK(status_in(scratch, "a") == Status::Created);
    REQUIRE(sys::remove_file_at(entry.fd(), store::kStartSocket));
    CHECK(status_in(scratch, "a") == Status::Running);
    init.end();
    CHECK(status_in(scratch, "a") == Status::Stopped);
}

TEST_CASE("a pid that is another process's by now means stopped") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    Sleeper stranger;
    auto identity = stranger.identity();
    identity.start_time += 1;
    REQUIRE(entry.write_state(state_of("a", identity)));
    CHECK(status_in(scratch, "a") == Status::Stopped);
    CHECK(kill(scratch.settings, id("a"), Signal{SIGKILL}, Whom::Init).error().what ==
          "container not running");
    REQUIRE(remove(scratch.settings, id("a"), Force::Yes));
    CHECK(sys::open_pidfd(stranger.identity()));
}

TEST_CASE("kill --all of a stopped container is no error") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    REQUIRE(entry.write_state(state_of("a", {.pid = 0, .start_time = 0})));
    CHECK(kill(scratch.settings, id("a"), Signal{SIGTERM}, Whom::All));
    CHECK_FALSE(kill(scratch.settings, id("a"), Signal{SIGTERM}, Whom::Init));
}

TEST_CASE("a running container is deleted by force only") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    Sleeper init;
    REQUIRE(entry.write_state(state_of("a", init.identity())));
    const auto refused = remove(scratch.settings, id("a"), Force::No);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::State);
    CHECK(refused.error().what == "cannot delete container a that is not stopped: running");
    REQUIRE(remove(scratch.settings, id("a"), Force::Yes));
    CHECK_FALSE(sys::open_pidfd(init.identity()));
    CHECK(state(scratch.settings, id("a")).error().what == "container does not exist");
}

TEST_CASE("a created container is deleted without force") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    Sleeper init;
    REQUIRE(entry.write_state(state_of("a", init.identity())));
    REQUIRE(sys::listen_at(entry.fd(), store::kStartSocket));
    CHECK(remove(scratch.settings, id("a"), Force::No));
    CHECK_FALSE(sys::open_pidfd(init.identity()));
}

TEST_CASE("force deletes what is missing, half made or damaged") {
    const Scratch scratch;
    CHECK(remove(scratch.settings, id("none"), Force::Yes));
    CHECK(remove(scratch.settings, id("none"), Force::No).error().kind == ErrorKind::NotFound);

    const auto half = scratch.reserve("half");
    CHECK(remove(scratch.settings, id("half"), Force::No).error().kind == ErrorKind::NotFound);
    CHECK(remove(scratch.settings, id("half"), Force::Yes));

    const auto planned = scratch.reserve("planned");
    REQUIRE(planned.write_intent({.creator = {.pid = 0, .start_time = 0}, .cgroups = {}}));
    CHECK(remove(scratch.settings, id("planned"), Force::Yes));

    const auto damaged = scratch.reserve("damaged");
    REQUIRE(sys::replace_file_at(damaged.fd(), "state.json", "null", 0600));
    CHECK(remove(scratch.settings, id("damaged"), Force::No).error().kind ==
          ErrorKind::InvalidConfig);
    CHECK(remove(scratch.settings, id("damaged"), Force::Yes));
    CHECK(list(scratch.settings)->empty());
}

TEST_CASE("the state of another container is not acted on") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    Sleeper other;
    REQUIRE(entry.write_state(state_of("b", other.identity())));
    CHECK_FALSE(remove(scratch.settings, id("a"), Force::No));
    CHECK(remove(scratch.settings, id("a"), Force::Yes));
    CHECK(sys::open_pidfd(other.identity()));
}

TEST_CASE("the list reports what is broken and goes on") {
    const Scratch scratch;
    const auto damaged = scratch.reserve("a");
    REQUIRE(sys::replace_file_at(damaged.fd(), "state.json", "{", 0600));
    const auto whole = scratch.reserve("b");
    REQUIRE(whole.write_state(state_of("b", {.pid = 0, .start_time = 0})));
    const auto half = scratch.reserve("c");
    const auto making = scratch.reserve("d");
    const sys::ProcessIdentity self{.pid = ::getpid(),
                                    .start_time = sys::process_stat(::getpid())->start_time};
    REQUIRE(making.write_intent({.creator = self, .cgroups = {}}));
    const auto views = list(scratch.settings);
    REQUIRE(views);
    REQUIRE(views->size() == 3);
    CHECK((*views)[0].problem.find("state.json: damaged") != std::string::npos);
    CHECK((*views)[1].problem.empty());
    CHECK((*views)[1].status == Status::Stopped);
    CHECK((*views)[2].problem.find("half made") != std::string::npos);
}

TEST_CASE("the root of a hierarchy is never a container's cgroup") {
    const auto directories =
        directories_of({{.controllers = {}, .mountpoint = "/m", .path = "/", .unified = false},
                        {.controllers = {}, .mountpoint = "/m", .path = "/a/..", .unified = true},
                        {.controllers = {}, .mountpoint = "", .path = "/a", .unified = true},
                        {.controllers = {}, .mountpoint = "/m", .path = "/a", .unified = true}});
    REQUIRE(directories.size() == 1);
    CHECK(directories[0].path == "/a");
}

TEST_CASE("a process of our own shares all our namespaces") {
    const Sleeper child;
    CHECK(differing_namespaces(child.identity().pid) == std::uint64_t{0});
    CHECK_FALSE(differing_namespaces(4194305));
}

TEST_CASE("pause, resume and update refuse what is not live") {
    const Scratch scratch;
    const auto entry = scratch.reserve("a");
    REQUIRE(entry.write_state(state_of("a", {.pid = 0, .start_time = 0})));
    CHECK(pause(scratch.settings, id("a")).error().what == "container not running");
    CHECK(resume(scratch.settings, id("a")).error().what == "container not paused");
    CHECK(update(scratch.settings, id("a"), {.resources = "{}", .rdt_schemata = {}}).error().what ==
          "container not running");
    CHECK(start(scratch.settings, id("a")).error().kind == ErrorKind::State);
    CHECK(processes(scratch.settings, id("a"))->empty());
}
