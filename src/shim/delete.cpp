// Room: shim. `delete`: containerd executes it after the end of every shim, and when one has
// vanished. It works from what the shim left in the bundle, or from nothing.
#include <csignal>

#include "address.hpp"
#include "cleat/base/text.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/sys/files.hpp"
#include "making.hpp"
#include "rootfs.hpp"
#include "start.hpp"

namespace cleat::shim {
namespace {

constexpr int kKilled = 128 + SIGKILL;

std::string word_of(const std::string& bundle, const char* file) {
    const auto text = sys::read_text_at(sys::kHere, concat(bundle, "/", file).c_str());
    return text.value_or("");
}

}  // namespace

/// The current directory is a bundle, but for a pod it may be that of another container.
Result<std::string> remove(const Arguments& arguments) {
    const auto id = TRY(ContainerId::parse(arguments.id));
    const auto here = TRY(sys::real_path("."));
    const auto bundle = concat(here.substr(0, here.rfind('/')), "/", id.str());
    const auto root = word_of(bundle, kRootFile);
    if (!root.empty()) TRY(lifecycle::remove({.root = root}, id, lifecycle::Force::Yes));
    TRY(unmount_root(bundle + "/rootfs"));
    // That of a shim that was killed is nobody's; that of a pod may be still in use.
    remove_dead_socket(word_of(bundle, kAddressFile));
    const auto pid = parse_number<pid_t>(word_of(bundle, kPidFile)).value_or(0);
    return encode_delete(pid, {.status = kKilled, .at = now()});
}

}  // namespace cleat::shim
