// Room: conformance. The end of a case: what its script left running is ended in the regular way,
// and then nothing may be left.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

Outcome remove_container(Stage& stage) {
    auto state = state_of(stage, stage.id);
    if (!state) return std::nullopt;
    if (text_at(*state, "status") == "paused")
        static_cast<void>(stage.call_runtime({"resume", stage.id}));
    if (text_at(*state, "status") != "stopped") {
        static_cast<void>(stage.call_runtime({"kill", stage.id, "KILL"}));
        if (auto broken = perform(stage, "wait stopped")) return broken;
    }
    return perform(stage, "delete");
}

}  // namespace

Outcome leave(Stage& stage) {
    const auto ids = stage.made;
    for (const auto& id : ids) {
        stage.id = id;
        if (auto broken = remove_container(stage)) return broken;
        if (auto broken = perform(stage, "clean")) return broken;
    }
    return std::nullopt;
}

}  // namespace cleat::conformance
