// Room: lifecycle. `mounts add` and `mounts remove`, for a container that runs. Runs in the host
// process.
#include "cleat/launch/mounts.hpp"

#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "config.hpp"
#include "container.hpp"

namespace cleat::lifecycle {
namespace {

constexpr std::string_view kDocument = "mounts";

Result<plan::Plan> compile(const Container& container, std::vector<spec::Mount> mounts) {
    auto config = TRY(config_of(container));
    config.spec.mounts = std::move(mounts);
    const auto facts = TRY(host::probe());
    const plan::Options options{.id = TRY(ContainerId::parse(container.state.id)),
                                .bundle = container.state.bundle};
    const auto namespaces = TRY(differing_namespaces(container.state.init.pid));
    return plan::compile_mounts(config.spec, facts, options, namespaces);
}

Result<void> change(const Container& container, std::vector<spec::Mount> mounts, Mounts what) {
    if (what == Mounts::Add) {
        const auto plan = TRY(compile(container, std::move(mounts)));
        return launch::add_mounts(plan, container.state.init);
    }
    std::vector<std::string> destinations;
    for (auto& mount : mounts) destinations.push_back(std::move(mount.destination));
    const auto plan = TRY(compile(container, {}));
    return launch::remove_mounts(plan, container.state.init, destinations);
}

}  // namespace

Result<void> change_mounts(const Settings& settings, const ContainerId& id, Mounts what,
                           const std::string& document) {
    const auto container = TRY(open_container(settings, id));
    const auto status = TRY(status_of(container));
    if (status == Status::Stopped) return fail(ErrorKind::State, "container not running");
    if (status == Status::Created)
        return fail(ErrorKind::State, "the container was not started yet");
    auto mounts = TRY(accept(spec::decode_mounts(document), kDocument));
    auto done = change(container, std::move(mounts), what);
    if (done) return done;
    return std::unexpected(located(std::move(done).error(), document, kDocument));
}

}  // namespace cleat::lifecycle
