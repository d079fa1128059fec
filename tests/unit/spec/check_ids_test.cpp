// Unit tests of spec/check_ids.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

/// A config with a user namespace and these members of /linux.
Decoded<Spec> with_ids(std::string_view linux, std::string_view user = R"({"uid": 0})",
                       std::string_view ns = R"({"type": "user"})") {
    return decode_config(concat(R"({"ociVersion": "1.0.0", "root": {"path": "r"},
        "process": {"args": ["x"], "cwd": "/", "user": )",
                                user, R"(}, "linux": {"namespaces": [)", ns, "]", linux, "}}"));
}

std::string maps(std::string_view uids, std::string_view gids) {
    return concat(R"(, "uidMappings": [)", uids, R"(], "gidMappings": [)", gids, "]");
}

constexpr const char* kMap = R"({"containerID": 0, "hostID": 1000, "size": 10})";

}  // namespace

TEST_CASE("a new user namespace has both maps") {
    CHECK(documents::problems_of(with_ids(maps(kMap, kMap))) == "");
    documents::check_mistake(with_ids(""), {"none", "/linux/uidMappings", "needs uidMappings and"});
    documents::check_mistake(with_ids(maps(kMap, "")),
                             {"no gids", "/linux/gidMappings", "needs uidMappings and"});
    documents::check_mistake(with_ids(maps("", kMap)),
                             {"no uids", "/linux/uidMappings", "needs uidMappings and"});
}

TEST_CASE("maps need a user namespace, and may come along with one that is joined") {
    documents::check_mistake(with_ids(maps(kMap, kMap), R"({"uid": 0})", ""),
                             {"", "/linux/uidMappings", "need a user namespace"});
    CHECK(documents::problems_of(with_ids(maps(kMap, kMap), R"({"uid": 77})",
                                          R"({"type": "user", "path": "/proc/1/ns/user"})")) == "");
}

TEST_CASE("a mapping is a range of ids that no other one has") {
    constexpr Mistake kRows[] = {
        {R"({"containerID": 0, "hostID": 1, "size": 0})", "/linux/uidMappings/1/size",
         "must not be 0"},
        {R"({"containerID": 4294967290, "hostID": 1, "size": 6})", "/linux/uidMappings/1",
         "beyond the last id"},
        {R"({"containerID": 100, "hostID": 4294967290, "size": 6})", "/linux/uidMappings/1",
         "beyond the last id"},
        {R"({"containerID": 9, "hostID": 1, "size": 1})", "/linux/uidMappings/1",
         "overlaps with mapping 0"},
        {R"({"containerID": 100, "hostID": 995, "size": 6})", "/linux/uidMappings/1",
         "overlaps with mapping 0"},
    };
    for (const auto& row : kRows)
        documents::check_mistake(with_ids(maps(concat(kMap, ", ", row.text), kMap)), row);
    CHECK(documents::problems_of(with_ids(maps(
              concat(kMap, R"(, {"containerID": 10, "hostID": 1010, "size": 5})"), kMap))) == "");
}

TEST_CASE("there are at most 340 mappings") {
    std::string many = kMap;
    for (int i = 0; i < 340; ++i)
        many += concat(R"(, {"containerID": )", 100 + i, R"(, "hostID": )", 5000 + i,
                       R"(, "size": 1})");
    documents::check_mistake(with_ids(maps(many, kMap)),
                             {"", "/linux/uidMappings", "341 mappings"});
}

TEST_CASE("the process's user is mapped") {
    documents::check_mistake(with_ids(maps(kMap, kMap), R"({"uid": 10})"),
                             {"", "/process/user/uid", "id 10 is not mapped"});
    documents::check_mistake(with_ids(maps(kMap, kMap), R"({"uid": 9, "gid": 11})"),
                             {"", "/process/user/gid", "id 11 is not mapped"});
}

}  // namespace cleat::spec
