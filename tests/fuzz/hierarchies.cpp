// /proc/self/mountinfo and /proc/self/cgroup, a line of "=" between them.
#include "../../src/host/parse.hpp"
#include "cleat/host/probe.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    const auto text = fuzz::text_of(data, size);
    const auto border = text.find("=\n");
    if (border == std::string_view::npos) {
        if (const auto version = host::parse_kernel_release(text))
            fuzz::claim(version->major > 5 || version->minor >= 14, "old kernels are refused");
        return 0;
    }
    const auto found = host::parse_hierarchies(text.substr(0, border), text.substr(border + 2));
    for (const auto& hierarchy : found)
        fuzz::claim(hierarchy.unified || !hierarchy.controllers.empty(),
                    "a v1 hierarchy has a controller or a name");
    static_cast<void>(host::mode_of(found));
    return 0;
}
