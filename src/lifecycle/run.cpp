// Room: lifecycle. `run`: create and start in one go, and delete at the end unless it is detached.
// Runs in the host process.
#include <utility>

#include "birth.hpp"
#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"

namespace cleat::lifecycle {
namespace {

/// After a failure that is told already: what cannot be cleaned up is only worth a warning.
void clean_up(const Settings& settings, const Container& container) {
    const auto done = destroy(settings, container);
    if (!done) warn(concat("clean up: ", describe(done.error())));
}

}  // namespace

Result<int> run(const Settings& settings, const RunOptions& options) {
    auto create = options.create;
    create.notify_socket = reachable_manager(create.notify_socket);
    auto birth = TRY(give_birth(settings, create, plan::Options::Begin::AtOnce,
                                options.detach ? Company::Detached : Company::Attached));
    auto hooks = run_poststart(birth.config.spec, birth.container.state);
    if (!hooks) {
        clean_up(settings, birth.container);
        return std::unexpected(
            located(std::move(hooks).error(), birth.config.text, birth.config.document));
    }
    auto& readiness = birth.readiness;
    const auto& init = birth.container.state.init;
    if (options.detach) {
        TRY(readiness.wait(init));
        return 0;
    }
    auto status = launch::attend(birth.launched, {.fd = readiness.fd(), .serve = [&] {
                                                      const auto taken = readiness.take(init.pid);
                                                      if (!taken) warn(describe(taken.error()));
                                                      return readiness.fd();
                                                  }});
    if (!status) {
        clean_up(settings, birth.container);
        return status;
    }
    birth.container.state.init = {};  // it was reaped: nobody is looked for
    if (!options.keep) TRY(destroy(settings, birth.container));
    return status;
}

}  // namespace cleat::lifecycle
