// Room: conformance. Mounts as facts that two runtimes can be compared by: numbers of the kernel
// are replaced by labels.
#include <algorithm>
#include <map>
#include <set>

#include "cleat/base/text.hpp"
#include "diff_look.hpp"

namespace cleat::conformance {
namespace {

struct Line {
    std::string_view id, parent, device, root, point, options, type, source, super;
    std::vector<std::string_view> optional;  ///< "shared:1"
};

std::vector<Line> lines_of(std::string_view mountinfo) {
    enum { WordId, WordParent, WordDevice, WordRoot, WordPoint, WordOptions, WordOptional };
    std::vector<Line> out;
    for (const auto text : split(mountinfo, '\n')) {
        const auto words = split(text, ' ');
        const auto dash = static_cast<std::size_t>(std::ranges::find(words, std::string_view("-")) -
                                                   words.begin());
        if (words.size() < dash + 4 || dash < WordOptional) continue;
        out.push_back({.id = words[WordId],
                       .parent = words[WordParent],
                       .device = words[WordDevice],
                       .root = words[WordRoot],
                       .point = words[WordPoint],
                       .options = words[WordOptions],
                       .type = words[dash + 1],
                       .source = words[dash + 2],
                       .super = words[dash + 3],
                       .optional = {words.begin() + WordOptional,
                                    words.begin() + static_cast<std::ptrdiff_t>(dash)}});
    }
    return out;
}

std::string_view number_of(std::string_view field) { return field.substr(field.find(':') + 1); }

Value sorted(std::string_view commas) {
    auto items = split(commas, ',');
    std::ranges::sort(items);
    return texts({items.begin(), items.end()});
}

/// Labels for numbers: "host" for those of the baseline, 1, 2… for others.
class Labels {
 public:
    void add_host(std::string_view number) { host_.emplace(number); }
    std::string of(std::string_view number) {
        if (host_.contains(std::string(number))) return "host";
        return concat(own_.try_emplace(std::string(number), own_.size() + 1).first->second);
    }

 private:
    std::set<std::string> host_;
    std::map<std::string, std::size_t> own_;
};

/// "shared:host slave:1 unbindable": of the group that the mount is in, and of its master's.
std::string propagation_of(const Line& line, Labels& groups) {
    std::vector<std::string> out;
    for (const auto field : line.optional) {
        const auto kind = field.substr(0, field.find(':'));
        if (kind == "shared" || kind == "master")
            out.push_back(concat(kind, ":", groups.of(number_of(field))));
        else if (kind == "unbindable")
            out.emplace_back(kind);
    }
    return out.empty() ? "private" : join(out, " ");
}

/// Names by mount id: the place, and a number if it is not the first one there. "/" is ":".
std::map<std::string_view, std::string> names_of(const std::vector<Line>& lines) {
    std::map<std::string_view, std::string> out;
    std::map<std::string, int> seen;
    for (const auto& line : lines) {
        std::string name(line.point);
        if (const int count = ++seen[name]; count > 1) name += concat(" #", count);
        std::ranges::replace(name, '/', ':');
        out[line.id] = name;
    }
    return out;
}

}  // namespace

Value mounts_of(std::string_view mountinfo, const Baseline& before) {
    Labels groups;
    Labels devices;
    for (const auto& line : lines_of(before.mountinfo)) {
        devices.add_host(line.device);
        for (const auto field : line.optional) groups.add_host(number_of(field));
    }
    Value out = object();
    const auto lines = lines_of(mountinfo);
    const auto names = names_of(lines);
    for (const auto& line : lines) {
        const std::string& name = names.at(line.id);
        Value mount = object();
        const auto parent = names.find(line.parent);
        put(mount, "on", text(parent == names.end() ? "" : parent->second));
        put(mount, "root", text(line.root));
        put(mount, "type", text(line.type));
        put(mount, "source", text(line.source));
        put(mount, "flags", sorted(line.options));
        put(mount, "super", sorted(line.super));
        put(mount, "propagation", text(propagation_of(line, groups)));
        put(mount, "filesystem", text(devices.of(line.device) == "host" ? "of the host" : "new"));
        put(out, name, std::move(mount));
    }
    return out;
}

}  // namespace cleat::conformance
