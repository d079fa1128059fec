// The documents of `exec --process`, `mounts add` and `update --resources`: the first byte says
// which.
#include "../unit/plan/sample.hpp"
#include "cleat/plan/plan.hpp"
#include "fuzz.hpp"

namespace cleat::fuzz {
namespace {

void process(std::string_view text) {
    const auto decoded = spec::decode_process(text);
    claim_answer(decoded);
    if (!decoded.value) return;
    claim(spec::check_process(*decoded.value, "/process").empty(), "what was accepted is right");
    plan::MemberOptions options;
    options.namespaces = 0x20000;
    const auto plan = plan::compile_member(plan::sample::engine_like(), *decoded.value,
                                           plan::sample::hybrid_host(), options);
    if (!plan) {
        claim_message(plan.error().what);
        return;
    }
    for (const auto& broken : plan::broken_invariants(*plan)) claim(false, broken);
}

void mounts(std::string_view text) {
    claim_answer(spec::decode_texts(text));
    const auto decoded = spec::decode_mounts(text);
    claim_answer(decoded);
    if (!decoded.value) return;
    spec::Spec spec = plan::sample::engine_like();
    spec.mounts = *decoded.value;
    constexpr std::uint64_t kMountNamespace = 0x20000;
    const auto plan = plan::compile_mounts(spec, plan::sample::hybrid_host(),
                                           plan::sample::options(), kMountNamespace);
    if (!plan) claim_message(plan.error().what);
}

void resources(std::string_view text) {
    const auto decoded = spec::decode_resources(text);
    claim_answer(decoded);
    if (!decoded.value) return;
    for (const bool unified : {false, true}) {
        const std::vector<plan::CgroupDirectory> cgroups = {
            {.controllers = {"memory", "cpu", "cpuset", "pids", "blkio", "io", "hugetlb", "devices",
                             "rdma", "net_cls", "net_prio"},
             .mountpoint = "/sys/fs/cgroup",
             .path = "/a",
             .unified = unified}};
        const auto plan = plan::compile_update(*decoded.value, {.cgroups = cgroups});
        if (!plan) claim(!plan.error().pointer.empty(), "a refused limit is named");
    }
}

}  // namespace
}  // namespace cleat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    if (size == 0) return 0;
    const auto text = fuzz::text_of(data, size).substr(1);
    if (data[0] == 'p')
        fuzz::process(text);
    else if (data[0] == 'm')
        fuzz::mounts(text);
    else
        fuzz::resources(text);
    return 0;
}
