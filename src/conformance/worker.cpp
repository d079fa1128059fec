// Room: conformance. The process of one case: in a mount namespace of its own, parent of all that
// the runtime leaves without one.
#include "worker.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/root_fs.hpp"
#include "cleat/sys/tree.hpp"
#include "facts.hpp"
#include "part.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

constexpr int kFailure = 1;

/// Runtimes have given the host's /dev/null to the container's user (it is their standard input):
/// in the mount namespace of a case there is another one.
Result<void> protect_null(const std::string& directory) {
    constexpr mode_t kMode = 0666;
    constexpr mode_t kDirectoryMode = 0755;
    constexpr unsigned kMajor = 1;
    constexpr unsigned kMinor = 3;
    TRY(sys::make_directories(directory, kDirectoryMode));
    auto tree = TRY(sys::Tree::make({.type = "tmpfs"}));
    // Attached first: before Linux 6.15 there are no copies of what is not.
    TRY(tree.attach(sys::kHere, directory.c_str()));
    const sys::Place place{.parent = std::move(tree).take(), .name = "null"};
    TRY(place.make_node(S_IFCHR | kMode, ::makedev(kMajor, kMinor)));
    const std::string path = directory + "/null";
    if (::chmod(path.c_str(), kMode) != 0) return fail_errno(concat("chmod ", path), errno);
    const auto null = TRY(sys::Tree::clone(sys::kHere, path.c_str(), sys::Depth::Top));
    return null.attach(sys::kHere, "/dev/null");
}

Value played(Stage& stage) {
    Value out = object();
    const auto begin = std::chrono::steady_clock::now();
    Outcome broken;
    if (const auto ready = stage.set_up(); !ready)
        broken = Broken{"the case can be prepared", describe(ready.error())};
    else
        broken = play(stage, stage.subject->script);
    if (const auto ended = leave(stage); ended && !broken)
        broken = Broken{concat("afterwards: ", ended->expected), ended->seen};
    const auto time = std::chrono::steady_clock::now() - begin;
    put(out, "ms", number(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()));
    put(out, "passed", boolean(!broken));
    if (!broken && !stage.refused.empty())
        put(out, "reason", text(concat("the runtime refuses it, as it may: ", stage.refused)));
    if (broken) {
        put(out, "expected", text(broken->expected));
        put(out, "seen", text(broken->seen));
    }
    stage.children.sweep({});
    stage.known.cgroups.sweep("/" + stage.id.substr(0, stage.id.find('+')));
    return out;
}

}  // namespace

Result<void> enter_own_mounts(const std::string& directory) {
    if (::geteuid() != 0) return {};
    if (::unshare(CLONE_NEWNS) != 0) return fail_errno("make mount namespace", errno);
    TRY(sys::set_mount_attributes(sys::kHere, "/", {.propagation = MS_PRIVATE},
                                  sys::Depth::Recursive));
    TRY(sys::set_mount_attributes(sys::kHere, "/", {.propagation = MS_SHARED},
                                  sys::Depth::Recursive));
    return protect_null(directory + "/devices");
}

int work(const std::vector<std::string>& words) {
    enum {
        WordId,
        WordRuntime,
        WordDirectory,
        WordProbe,
        WordName,
        WordLimit,
        WordSpec,
        WordFeatures,
        WordCount
    };
    if (words.size() != WordCount) return kFailure;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Stage stage{.subject = find_case(words[WordId]),
                .runtime = words[WordRuntime],
                .directory = words[WordDirectory],
                .probe = words[WordProbe],
                .id = words[WordName],
                .limit = std::chrono::seconds(parse_number<int>(words[WordLimit]).value_or(1)),
                .known = {}};
    if (stage.subject == nullptr) return kFailure;
    const auto mounts = enter_own_mounts(words[WordDirectory]);
    Value out = object();
    if (!mounts) {
        put(out, "reason", text(describe(mounts.error())));
    } else {
        stage.known = {.host = facts({}),
                       .cgroups = Cgroups::look(),
                       .features = parse(words[WordFeatures]).value_or(Value{}),
                       .spec = words[WordSpec]};
        out = played(stage);
    }
    return sys::write_all(STDOUT_FILENO, dump(out)) ? 0 : kFailure;
}

}  // namespace cleat::conformance
