// Room: store. The JSON of state.json and intent.json; the only file of the room that knows the
// JSON library. Nothing here throws: texts are parsed without exceptions, and each value's type is
// looked at before it is taken.
#include "codec.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::store {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 2;  // of both files; a newer cleat's files are refused, not guessed at
constexpr const char* kV1 = "v1";
constexpr const char* kV2 = "v2";

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Takes members out of an object and remembers the first one that is missing or of a wrong type.
class Reader {
 public:
    explicit Reader(const Json& value) : value_(value) {
        if (!value.is_object()) problem_ = "not an object";
    }

    void text(const char* name, std::string& out) {
        const Json* found = member(name, [](const Json& v) { return v.is_string(); });
        if (found != nullptr) out = found->get_ref<const std::string&>();
    }

    void boolean(const char* name, bool& out) {
        const Json* found = member(name, [](const Json& v) { return v.is_boolean(); });
        if (found != nullptr) out = found->get<bool>();
    }

    template <std::integral T>
    void number(const char* name, T& out) {
        constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
        const Json* found = member(name, [](const Json& v) {
            return v.is_number_unsigned() && v.get<std::uint64_t>() <= kMax;
        });
        if (found != nullptr) out = static_cast<T>(found->get<std::uint64_t>());
    }

    /// The member as an array of which `take` reads each item.
    template <class Take>
    void each(const char* name, Take take) {
        const Json* found = member(name, [](const Json& v) { return v.is_array(); });
        if (found == nullptr) return;
        for (const Json& item : *found) take(item);
    }

    const Json* object(const char* name) {
        return member(name, [](const Json& v) { return v.is_object(); });
    }

    [[nodiscard]] bool has(const char* name) const { return value_.contains(name); }

    void fail_at(std::string_view name) {
        if (problem_.empty()) problem_ = concat("member ", quoted(name), " is missing or wrong");
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
    template <class Check>
    const Json* member(const char* name, Check right) {
        if (!problem_.empty()) return nullptr;
        const auto found = value_.find(name);
        if (found != value_.end() && right(*found)) return &*found;
        fail_at(name);
        return nullptr;
    }

    const Json& value_;
    std::string problem_;
};

Json to_json(const sys::ProcessIdentity& process) {
    return {{"pid", process.pid}, {"startTime", process.start_time}};
}

Json to_json(const KeptScope& scope) { return {{"unit", scope.unit}, {"ofUser", scope.of_user}}; }

Json to_json(const KeptRdt& rdt) {
    return {{"group", rdt.group}, {"monitor", rdt.monitor}, {"ofContainer", rdt.of_container}};
}

Json to_json(const KeptMount& mount) { return {{"path", mount.path}, {"id", mount.id}}; }

/// [kind, mount point, path, controller...], as `list` parses ten of them for each container.
Json to_json(const std::vector<KeptCgroup>& cgroups) {
    Json list = Json::array();
    for (const auto& cgroup : cgroups) {
        Json row = Json::array({cgroup.unified ? kV2 : kV1, cgroup.mountpoint, cgroup.path});
        for (const auto& controller : cgroup.controllers) row.push_back(controller);
        list.push_back(std::move(row));
    }
    return list;
}

void take_process(Reader& reader, const char* name, sys::ProcessIdentity& out) {
    const Json* value = reader.object(name);
    if (value == nullptr) return;
    Reader inner(*value);
    inner.number("pid", out.pid);
    inner.number("startTime", out.start_time);
    if (!inner.problem().empty()) reader.fail_at(name);
}

void take_cgroup(Reader& reader, const Json& row, std::vector<KeptCgroup>& out) {
    constexpr std::size_t kController = 3;
    const auto is_text = [](const Json& item) { return item.is_string(); };
    if (!row.is_array() || row.size() < kController || !std::ranges::all_of(row, is_text) ||
        (row[0] != kV1 && row[0] != kV2))
        return reader.fail_at("cgroups");
    KeptCgroup cgroup{.controllers = {},
                      .mountpoint = row[1].get_ref<const std::string&>(),
                      .path = row[2].get_ref<const std::string&>(),
                      .unified = row[0] == kV2};
    for (std::size_t i = kController; i < row.size(); ++i)
        cgroup.controllers.push_back(row[i].get_ref<const std::string&>());
    out.push_back(std::move(cgroup));
}

void take_scope(Reader& outer, KeptScope& scope) {
    const Json* found = outer.object("scope");
    if (found == nullptr) return;
    Reader reader(*found);
    reader.text("unit", scope.unit);
    reader.boolean("ofUser", scope.of_user);
    if (!reader.problem().empty()) outer.fail_at("scope");
}

/// Few containers have one, and those of before had none.
void take_rdt(Reader& outer, KeptRdt& rdt) {
    if (!outer.has("rdt")) return;
    const Json* found = outer.object("rdt");
    if (found == nullptr) return;
    Reader reader(*found);
    reader.text("group", rdt.group);
    reader.text("monitor", rdt.monitor);
    reader.boolean("ofContainer", rdt.of_container);
    if (!reader.problem().empty()) outer.fail_at("rdt");
}

void take_mount(Reader& outer, const char* name, KeptMount& mount) {
    if (!outer.has(name)) return;
    const Json* found = outer.object(name);
    if (found == nullptr) return;
    Reader reader(*found);
    reader.text("path", mount.path);
    reader.number("id", mount.id);
    if (!reader.problem().empty()) outer.fail_at(name);
}

void take_cgroups(Reader& reader, std::vector<KeptCgroup>& out) {
    reader.each("cgroups", [&](const Json& row) { take_cgroup(reader, row, out); });
}

void take_annotations(Reader& reader, std::map<std::string, std::string>& out) {
    const Json* value = reader.object("annotations");
    if (value == nullptr) return;
    for (const auto& [key, item] : value->items()) {
        if (!item.is_string()) return reader.fail_at("annotations");
        out.emplace(key, item.get_ref<const std::string&>());
    }
}

void take_version(Reader& reader) {
    int version = 0;
    reader.number("version", version);
    if (version != kVersion) reader.fail_at("version");
}

std::unexpected<Error> damaged(std::string_view why) {
    return fail(ErrorKind::InvalidConfig, concat("damaged: ", why));
}

}  // namespace

std::string encode(const State& state) {
    Json document{{"version", kVersion},
                  {"ociVersion", state.oci_version},
                  {"id", state.id},
                  {"init", to_json(state.init)},
                  {"boot", state.boot},
                  {"bundle", state.bundle},
                  {"rootfs", state.rootfs},
                  {"created", state.created},
                  {"annotations", Json(state.annotations)},
                  {"owner", state.owner},
                  {"cgroupDriver", state.cgroup_driver},
                  {"scope", to_json(state.scope)},
                  {"cgroups", to_json(state.cgroups)},
                  {"ownPidNamespace", state.has_own_pid_namespace},
                  {"poststartHooks", state.has_poststart_hooks},
                  {"poststopHooks", state.has_poststop_hooks}};
    if (!state.rdt.group.empty()) document["rdt"] = to_json(state.rdt);
    if (!state.root_mount.path.empty()) document["rootMount"] = to_json(state.root_mount);
    if (state.lacks_process) document["lacksProcess"] = true;
    return dump(document);
}

std::string encode(const Intent& intent) {
    Json document{{"version", kVersion},
                  {"creator", to_json(intent.creator)},
                  {"boot", intent.boot},
                  {"scope", to_json(intent.scope)},
                  {"cgroups", to_json(intent.cgroups)}};
    if (!intent.rdt.group.empty()) document["rdt"] = to_json(intent.rdt);
    if (!intent.covered_mount.path.empty())
        document["coveredMount"] = to_json(intent.covered_mount);
    return dump(document);
}

Result<State> decode_state(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return damaged("not JSON");
    State state;
    Reader reader(document);
    take_version(reader);
    reader.text("ociVersion", state.oci_version);
    reader.text("id", state.id);
    take_process(reader, "init", state.init);
    if (reader.has("boot")) reader.text("boot", state.boot);
    reader.text("bundle", state.bundle);
    reader.text("rootfs", state.rootfs);
    reader.text("created", state.created);
    take_annotations(reader, state.annotations);
    reader.number("owner", state.owner);
    reader.text("cgroupDriver", state.cgroup_driver);
    take_scope(reader, state.scope);
    take_cgroups(reader, state.cgroups);
    take_rdt(reader, state.rdt);
    take_mount(reader, "rootMount", state.root_mount);
    if (reader.has("lacksProcess")) reader.boolean("lacksProcess", state.lacks_process);
    reader.boolean("ownPidNamespace", state.has_own_pid_namespace);
    reader.boolean("poststartHooks", state.has_poststart_hooks);
    reader.boolean("poststopHooks", state.has_poststop_hooks);
    if (!reader.problem().empty()) return damaged(reader.problem());
    return state;
}

Result<Intent> decode_intent(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return damaged("not JSON");
    Intent intent;
    Reader reader(document);
    take_version(reader);
    take_process(reader, "creator", intent.creator);
    reader.text("boot", intent.boot);
    take_scope(reader, intent.scope);
    take_cgroups(reader, intent.cgroups);
    take_rdt(reader, intent.rdt);
    take_mount(reader, "coveredMount", intent.covered_mount);
    if (!reader.problem().empty()) return damaged(reader.problem());
    return intent;
}

}  // namespace cleat::store
