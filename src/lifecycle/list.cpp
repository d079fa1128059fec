// Room: lifecycle. `list`. Runs in the host process. One entry that cannot be read is one entry
// that is reported: the others are shown all the same.
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

/// Without a state, an entry is a container in the making or what a dead create has left.
bool is_in_the_making(const store::Store& store, const ContainerId& id) {
    const auto entry = store.find(id);
    if (!entry) return true;  // gone between the listing and now
    const auto intent = entry->read_intent();
    return intent && sys::is_alive(intent->creator).value_or(true);
}

/// A mistyped --root must not look like a host without containers (runc 1.2). The default root is
/// made by the first container.
Result<void> check_root(const Settings& settings) {
    if (settings.root_origin == Settings::RootOrigin::Default) return {};
    const auto status = sys::stat_at(sys::kHere, settings.root.c_str());
    if (!status) return std::unexpected(status.error());
    if (S_ISDIR(status->st_mode)) return {};
    return fail_errno(concat("list ", settings.root), ENOTDIR);
}

View broken(std::string id, std::string problem) {
    View view;
    view.state.id = std::move(id);
    view.problem = std::move(problem);
    return view;
}

}  // namespace

Result<std::vector<View>> list(const Settings& settings) {
    TRY(check_root(settings));
    const store::Store store(settings.root);
    const auto names = TRY(store.list());
    std::vector<View> views;
    views.reserve(names.size());
    for (const auto& name : names) {
        const auto id = TRY(ContainerId::parse(name));
        auto view = state(settings, id);
        if (view) {
            views.push_back(*std::move(view));
        } else if (view.error().kind != ErrorKind::NotFound) {
            views.push_back(broken(name, describe(view.error())));
        } else if (!is_in_the_making(store, id)) {
            views.push_back(broken(name, "half made, its creator is gone (delete --force helps)"));
        }
    }
    return views;
}

}  // namespace cleat::lifecycle
