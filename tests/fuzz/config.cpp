// config.json, from its text to plans on all kinds of hosts.
#include "../unit/plan/sample.hpp"
#include "cleat/plan/plan.hpp"
#include "fuzz.hpp"

namespace cleat::fuzz {
namespace {

struct Outcome {
    std::string plan;
    std::string error;
};

Outcome outcome(const spec::Spec& spec, const plan::HostFacts& facts) {
    const auto plan = plan::compile(spec, facts, plan::sample::options());
    if (!plan) {
        claim(!plan.error().pointer.empty(), "a refused plan names the property");
        claim_message(plan.error().what);
        return {.plan = {}, .error = plan.error().pointer + plan.error().what};
    }
    for (const auto& broken : plan::broken_invariants(*plan)) claim(false, broken);
    static_cast<void>(plan::print_json(*plan));
    return {.plan = plan::print_text(*plan), .error = {}};
}

}  // namespace
}  // namespace cleat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    const auto text = fuzz::text_of(data, size);
    const auto decoded = spec::decode_config(text);
    fuzz::claim_answer(decoded);
    if (!decoded.value) {
        fuzz::claim_message(spec::to_error(decoded.problems, "config.json").what.substr(0, 20000));
        return 0;
    }
    for (const auto& pointer : decoded.unknown)
        fuzz::claim(spec::locate(text, pointer).has_value(), "an unknown property can be found");
    const auto again = spec::decode_config(spec::encode_config(*decoded.value));
    fuzz::claim(again.value.has_value(), "what was accepted is accepted when written anew");
    using namespace plan::sample;
    for (const auto& facts : {hybrid_host(), unified_host(), rootless_host(), legacy_host()}) {
        const auto first = fuzz::outcome(*decoded.value, facts);
        const auto second = fuzz::outcome(*again.value, facts);
        fuzz::claim(first.plan == second.plan && first.error == second.error,
                    "the same plan comes of a config that is written anew");
    }
    return 0;
}
