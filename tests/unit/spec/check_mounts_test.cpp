// Unit tests of spec/check_mounts.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

Decoded<Spec> with_mounts(std::string_view mount) {
    return decode_config(documents::config({.more = concat(R"(, "mounts": [)", mount, "]")}));
}

constexpr const char* kIdMap = R"([{"containerID": 0, "hostID": 1, "size": 1}])";

}  // namespace

TEST_CASE("mounts that mean nothing are refused") {
    constexpr Mistake kRows[] = {
        {R"({"destination": "", "type": "tmpfs"})", "/mounts/0/destination", "must not be empty"},
        {R"({"destination": "/a"})", "/mounts/0/type", "is required for a mount"},
        {R"({"destination": "/a", "type": "bind"})", "/mounts/0/source", "needs a source"},
        {R"({"destination": "/a", "options": ["rbind"]})", "/mounts/0/source", "needs a source"},
    };
    for (const auto& row : kRows) documents::check_mistake(with_mounts(row.text), row);
}

TEST_CASE("mounts that engines send are taken") {
    for (const char* mount :
         {R"({"destination": "/proc", "type": "proc", "source": "proc"})",
          R"({"destination": "/a", "type": "none", "source": "/x", "options": ["rbind"]})",
          R"({"destination": "/a", "source": "/x", "options": ["bind", "ro"]})",
          R"({"destination": "/a", "options": ["remount", "ro"]})",
          R"({"destination": "a/b", "type": "tmpfs"})",
          R"({"destination": "/a", "type": "tmpfs"})"})
        CHECK_MESSAGE(documents::problems_of(with_mounts(mount)) == "", mount);
}

TEST_CASE("mappings of a mount come in pairs and on bind mounts") {
    const auto mapped = [](std::string_view type, std::string_view maps) {
        return with_mounts(
            concat(R"({"destination": "/a", "source": "/x", "type": ")", type, "\", ", maps, "}"));
    };
    const std::string uids = concat(R"("uidMappings": )", kIdMap);
    const std::string both = concat(uids, R"(, "gidMappings": )", kIdMap);
    CHECK(documents::problems_of(mapped("bind", both)) == "");
    documents::check_mistake(mapped("bind", uids),
                             {"one", "/mounts/0/uidMappings", "come together"});
    documents::check_mistake(mapped("tmpfs", both),
                             {"tmpfs", "/mounts/0/uidMappings", "must be a bind mount"});
}

}  // namespace cleat::spec
