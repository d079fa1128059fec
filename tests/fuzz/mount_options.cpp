// The options of a mount, a line each.
#include "../../src/plan/mount_options.hpp"

#include "cleat/base/text.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    std::vector<std::string> options;
    for (const auto line : split(fuzz::text_of(data, size), '\n')) options.emplace_back(line);
    const auto parsed = plan::parse_mount_options(options);
    fuzz::claim(parsed.data.size() == parsed.data_indices.size(), "each datum has its place");
    for (const auto index : parsed.data_indices)
        fuzz::claim(index < options.size(), "a datum's place is one of the options");
    return 0;
}
