// Room: shim. Checkpoint, and the start of a container that was created from one: CRIU makes its
// processes only then.
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/lifecycle/criu.hpp"
#include "making.hpp"
#include "options.hpp"
#include "tasks.hpp"

namespace cleat::shim {

void Tasks::checkpoint(const TaskRequest& request, Caller caller) {
    const auto target = find(request, caller);
    if (!target) return;
    auto options = read_checkpoint_options(request.body);
    if (!options) return home_.answer(caller, std::unexpected(std::move(options).error()));
    if (request.checkpoint.empty())
        return deny(caller, Code::InvalidArgument, "no path for the checkpoint");
    options->criu.image_path = request.checkpoint;
    const auto& container = *target->container;
    busy_with(
        *target,
        [&container, dump = *std::move(options)]() -> Result<Yield> {
            const auto id = TRY(ContainerId::parse(container.id));
            TRY(lifecycle::checkpoint(container.settings, id, dump));
            return Yield{};
        },
        caller,
        [this, target, images = request.checkpoint] {
            home_.events.publish(checkpoint_event(target->container->id, images));
        });
}

void Tasks::restore_init(const Target& target, Caller caller) {
    const auto& container = *target.container;
    const auto work = [&]() -> Result<Yield> {
        const auto id = TRY(ContainerId::parse(container.id));
        return restore_container({.settings = container.settings,
                                  .id = id,
                                  .streams = container.init->streams,
                                  .name_space = home_.name_space},
                                 *container.images);
    };
    busy_with({.target = target,
               .standard = container.init->stdio->ends(),
               .work = work,
               .done = [this, target, caller](Result<Yield> yield) {
                   if (!yield) return deny(caller, yield.error(), "OCI runtime restore failed");
                   born(target.container, *std::move(yield));
                   target.container->images.reset();
                   started(target, caller);
               }});
}

}  // namespace cleat::shim
